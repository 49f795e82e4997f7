"""Results sent to an archive by DICOMweb, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pneumoscope.dicomweb.archive import Archive
from pneumoscope.errors import PeerError
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.deliver import Answer
from pneumoscope.node.entry import StoredResult

_OF_THE_RESULT = {"archive-failed", "archive-answer"}
"""Codes of errors that a search may be spared; if it is, they are those of one result."""


class StowChannel:
    """An open way to an archive.

    Args:
        archive: the archive.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def send(self, result: StoredResult, path: Path) -> Answer:
        """Sends a result.

        An archive that fails at it, but answers a search, counts as one that refuses it: it would
        hold up all that come after it.

        Raises:
            PeerError: if it cannot be sent now.
        """
        try:
            return Answer(self._archive.store(path.read_bytes()))
        except PeerError as error:
            if error.code in _OF_THE_RESULT:
                self._archive.check()
            elif error.code != "archive-refused":
                raise
            return Answer(None, error.code)


@contextmanager
def open_stow(settings: DicomWeb, timeout: float) -> Iterator[StowChannel]:
    """Opens a way to an archive; nothing is asked before the first result.

    Args:
        settings: how the archive is reached.
        timeout: time without a byte after which a connection counts as cut, in seconds.
    """
    with Archive(settings, timeout) as archive:
        yield StowChannel(archive)
