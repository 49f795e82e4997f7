"""Images fetched from an archive by DICOMweb (WADO-RS), into memory and never onto the disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import TypeVar

from pneumoscope.dicomweb.access import Access
from pneumoscope.dicomweb.archive import Archive, Instance
from pneumoscope.errors import ImageError, PeerError
from pneumoscope.imaging import Source, read_stream

TIMEOUT = 30.0
"""Time without a byte after which a connection counts as cut, in seconds."""
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Times before an archive that is away is asked again, in seconds."""

_AWAY = "archive-away"
_OF_THE_ARCHIVE = {_AWAY, "archive-denied", "archive-untrusted"}
"""Codes of errors that may be those of all instances; others are those of one."""

_Answer = TypeVar("_Answer")


def patiently(ask: Callable[[], _Answer]) -> _Answer:
    """Asks an archive, and a few times again while it is away.

    Raises:
        PeerError: if it is still away, or anything else is wrong.
    """
    for pause in PAUSES:
        try:
            return ask()
        except PeerError as error:
            if error.code != _AWAY:
                raise
        time.sleep(pause)
    return ask()


class Fetcher:
    """What fetches the images of an archive, for one thread at a time.

    Args:
        url: address of the service.

    Raises:
        SettingsError: if it is unclear how to log in.
    """

    def __init__(self, url: str) -> None:
        self._archive = Archive(Access(url), TIMEOUT)

    def fetch(self, place: str, name: str) -> Source:
        """Fetches an image.

        Args:
            place: its UIDs: study, series and instance, with slashes between them.
            name: name of the image in errors.

        Raises:
            ImageError: if it, and only it, cannot be fetched.
            PeerError: if the archive does not answer searches either.
        """
        study, series, uid = place.split("/")
        instance = Instance(study, series, uid, sop_class="", series_description="")
        try:
            data = patiently(lambda: self._archive.retrieve(instance))
        except PeerError as error:
            if error.code in _OF_THE_ARCHIVE:
                self._archive.check()
            raise ImageError(
                f"{name} cannot be fetched. {error.problem}",
                received=error.received,
                remedy=error.remedy,
                code=error.code,
                values={"path": name},
            ) from error
        return read_stream(name, BytesIO(data))
