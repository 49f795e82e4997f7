"""The pictures of known data sets among files, and what these data sets say of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pneumoscope.dataset.layout import split_of
from pneumoscope.known import Attribution, Identity, identify

# The least fraction of the images that are of one data set for its ages to hold for all of them.
_NEARLY_ALL = 0.95


def recognise(pictures: Sequence[Path]) -> dict[Path, Identity]:
    """Finds the pictures that are of a known data set, and reads their names.

    A name that is common elsewhere is believed where most pictures of its folder are named as in
    the data set, and others whose names are not common lie in the same folder or in one beside it:
    NORMAL/train is beside PNEUMONIA/train as train/NORMAL is beside train/PNEUMONIA.

    Args:
        pictures: all files of the data set that are no DICOM files.
    """
    found = {path: identity for path in pictures if (identity := identify(path.name))}
    all_in = Counter(path.parent for path in pictures)
    named_in = Counter((path.parent, each.dataset.name) for path, each in found.items())
    certain = {
        (above, each.dataset.name)
        for path, each in found.items()
        if not each.common
        for above in _above(path)
    }
    return {
        path: each
        for path, each in found.items()
        if not each.common
        or (
            2 * named_in[path.parent, each.dataset.name] > all_in[path.parent]
            and any((above, each.dataset.name) in certain for above in _above(path))
        )
    }


def _above(path: Path) -> Iterator[Path]:
    """Yields the folders that hold the folder of a file and those beside it."""
    folder = path.parent
    yield folder.parent
    if split := split_of(folder.name):  # within its class, as if the class were within it
        yield folder.parent.parent / split


def attribute(found: Mapping[Path, Identity], images: int) -> tuple[Attribution, ...]:
    """Lists the data sets that were recognised, each with what holds for all images.

    One that has not nearly all of the images gives the population of its own, and no ages.

    Args:
        found: the images of known data sets, by path.
        images: number of all images.
    """
    counts = Counter(identity.dataset for identity in found.values())
    return tuple(
        dataset if count >= _NEARLY_ALL * images else _limit(dataset, f"{count:,} of {images:,}")
        for dataset, count in counts.items()
    )


def _limit(dataset: Attribution, count: str) -> Attribution:
    population = f"{dataset.population} ({count} images)" if dataset.population else ""
    return replace(dataset, population=population, youngest=None, oldest=None)
