"""The pictures of known data sets among files, and what these data sets say of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pneumoscope.dataset.layout import split_of
from pneumoscope.known import Attribution, Identity, find_dataset, identify

# The least fraction of the images that are of one data set for its ages to hold for all of them.
_NEARLY_ALL = 0.95


class Names:
    """The names of all pictures of a data set, which are looked at twice before they are read.

    A name that is common elsewhere is believed where most pictures of its folder are named as in
    the data set, and others whose names are not common lie in the same folder or in one beside it:
    NORMAL/train is beside PNEUMONIA/train as train/NORMAL is beside train/PNEUMONIA.
    """

    def __init__(self) -> None:
        self._all_in: Counter[Path] = Counter()
        self._named_in: Counter[tuple[Path, str]] = Counter()
        self._certain: set[tuple[Path, str]] = set()

    @property
    def any(self) -> bool:
        """True if a picture is named as in a known data set."""
        return bool(self._named_in)

    def find(self, picture: Path) -> None:
        """Looks at a picture for the first time; nothing is kept of those of other names."""
        if each := identify(picture.name):
            self._named_in[picture.parent, each.dataset.name] += 1
            self._all_in[picture.parent] = 0
            if not each.common:
                self._certain.update((above, each.dataset.name) for above in _above(picture))

    def count(self, picture: Path) -> None:
        """Looks at a picture again, when all have been found."""
        if picture.parent in self._all_in:
            self._all_in[picture.parent] += 1

    def read(self, picture: Path) -> Identity | None:
        """Reads the name of a picture; None if it is not, or may not be, of a known data set."""
        each = identify(picture.name)
        return each if each and (not each.common or self._is_believed(picture, each)) else None

    def _is_believed(self, picture: Path, each: Identity) -> bool:
        name = each.dataset.name
        most = 2 * self._named_in[picture.parent, name] > self._all_in[picture.parent]
        return most and any((above, name) in self._certain for above in _above(picture))


def recognise(pictures: Sequence[Path]) -> dict[Path, Identity]:
    """Finds the pictures that are of a known data set, and reads their names.

    Args:
        pictures: all files of the data set that are no DICOM files.
    """
    names = Names()
    for path in pictures:
        names.find(path)
    for path in pictures:
        names.count(path)
    return {path: each for path in pictures if (each := names.read(path))}


def _above(path: Path) -> Iterator[Path]:
    """Yields the folders that hold the folder of a file and those beside it."""
    folder = path.parent
    yield folder.parent
    if split := split_of(folder.name):  # within its class, as if the class were within it
        yield folder.parent.parent / split


def attribute(
    found: Mapping[Path, Identity], sources: Iterable[tuple[Path, str]]
) -> tuple[Attribution, ...]:
    """Lists the data sets that were recognised, each with what holds for all images.

    One that has not nearly all of the images gives the population of its own, and no ages.

    Args:
        found: the images that their names say to be of known data sets, by path.
        sources: every image with its source, which may be the name of a known data set; empty if
            it is not told.
    """
    counts: Counter[Attribution] = Counter()
    images = 0
    for path, source in sources:
        images += 1
        identity = found.get(path)
        if dataset := find_dataset(source) or (identity and identity.dataset):
            counts[dataset] += 1
    return tuple(
        dataset if count >= _NEARLY_ALL * images else _limit(dataset, f"{count:,} of {images:,}")
        for dataset, count in counts.items()
    )


def _limit(dataset: Attribution, count: str) -> Attribution:
    population = f"{dataset.population} ({count} images)" if dataset.population else ""
    return replace(dataset, population=population, youngest=None, oldest=None)
