"""Every file of a data set, read once: its hash, its facts and a thumbnail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pneumoscope.dataset.refused import refusals
from pneumoscope.errors import ImageError
from pneumoscope.imaging import Look, Source, look, read_bytes
from pneumoscope.parallel import Progress, in_parallel
from pneumoscope.types import Geometry, ImageRecord

# Of the usual network: an image is tiny that is below half of it.
_GEOMETRY = Geometry(128, 128)


@dataclass(frozen=True, eq=False)
class Examined:
    """An image that could be read.

    Attributes:
        record: which it is, with its hash.
        look: its facts and thumbnail.
        refused: the rules by which predicting would refuse it.
    """

    record: ImageRecord
    look: Look
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """A file that is no image, or a broken one.

    Attributes:
        record: which it is.
        reason: why it cannot be read.
        code: of the error.
    """

    record: ImageRecord
    reason: str
    code: str

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return self.code == "image-empty"


def examine(
    records: Sequence[ImageRecord], progress: Progress | None = None
) -> list[Examined | Unreadable]:
    """Reads all files of a data set, in parallel.

    Args:
        records: the files.
        progress: called with the number of files read and of all.

    Returns:
        What each is like, in the order given.
    """
    return in_parallel(_examine_file, records, progress)


def examine_source(record: ImageRecord, source: Source) -> Examined | Unreadable:
    """Looks at an image whose file has been read."""
    try:
        seen = look(source)
        refused = refusals(source, seen.thumbnail, _GEOMETRY)
        return Examined(replace(record, sha256=source.sha256), seen, refused)
    except ImageError as error:
        return Unreadable(record, str(error), error.code)


def _examine_file(record: ImageRecord) -> Examined | Unreadable:
    try:
        return examine_source(record, read_bytes(record.path))
    except ImageError as error:
        return Unreadable(record, str(error), error.code)
