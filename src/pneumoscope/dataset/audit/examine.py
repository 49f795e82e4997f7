"""Every file of a data set, read once: its hash, its facts and a thumbnail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pneumoscope.dataset.refused import refusals
from pneumoscope.errors import ImageError
from pneumoscope.imaging import Look, look, read_bytes
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
        empty: whether there is nothing in it.
    """

    record: ImageRecord
    reason: str
    empty: bool


def examine(
    records: Sequence[ImageRecord], progress: Progress | None = None
) -> tuple[list[Examined], list[Unreadable]]:
    """Reads all files of a data set, in parallel.

    Args:
        records: the files.
        progress: called with the number of files read and of all.

    Returns:
        The images that could be read and the files that could not, each in the order given.
    """
    outcomes = in_parallel(_examine_one, records, progress)
    return (
        [outcome for outcome in outcomes if isinstance(outcome, Examined)],
        [outcome for outcome in outcomes if isinstance(outcome, Unreadable)],
    )


def _examine_one(record: ImageRecord) -> Examined | Unreadable:
    empty = False
    try:
        source = read_bytes(record.path)
        empty = not source.data
        seen = look(source)
        refused = refusals(source, seen.thumbnail, _GEOMETRY)
        return Examined(replace(record, sha256=source.sha256), seen, refused)
    except ImageError as error:
        return Unreadable(record, str(error), empty)
