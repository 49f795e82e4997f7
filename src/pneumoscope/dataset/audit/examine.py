"""Examination of the files of a data set: hash, facts and thumbnail, each file read once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pneumoscope.dataset.refused import refusals
from pneumoscope.errors import ImageError
from pneumoscope.imaging import Look, Source, look, read_bytes
from pneumoscope.types import Geometry, ImageRecord

# Image size of the usual network; an image is `tiny` if it is smaller than half of it.
_GEOMETRY = Geometry(128, 128)


@dataclass(frozen=True, eq=False)
class Examined:
    """An image that could be read.

    Attributes:
        record: record of the image, with its hash.
        look: facts and thumbnail of the image.
        refused: names of the rules by which predicting would refuse the image.
    """

    record: ImageRecord
    look: Look
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """A file that cannot be read as an image.

    Attributes:
        record: record of the file.
        reason: text of the error.
        code: code of the error.
    """

    record: ImageRecord
    reason: str
    code: str

    @property
    def empty(self) -> bool:
        """True if the file is empty."""
        return self.code == "image-empty"


def examine_source(record: ImageRecord, source: Source) -> Examined | Unreadable:
    """Examines an image whose file has been read already."""
    try:
        seen = look(source)
        refused = refusals(source, seen.thumbnail, _GEOMETRY)
        return Examined(replace(record, sha256=source.sha256), seen, refused)
    except ImageError as error:
        return Unreadable(record, str(error), error.code)


def examine_file(record: ImageRecord) -> Examined | Unreadable:
    """Reads and examines a file."""
    try:
        return examine_source(record, read_bytes(record.path))
    except ImageError as error:
        return Unreadable(record, str(error), error.code)
