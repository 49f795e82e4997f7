"""Search for groups of files that hold the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pneumoscope.dataset.audit.examine import Examined
from pneumoscope.dataset.audit.near import near_pairs
from pneumoscope.types import ImageRecord


@dataclass(frozen=True)
class Copies:
    """Files that hold the same picture.

    Attributes:
        records: two or more files, in the order of the data set.
        correlation: least Pearson correlation of thumbnails that links two of the files; 1 if
            the thumbnails are the same.
    """

    records: tuple[ImageRecord, ...]
    correlation: float

    @property
    def pairs(self) -> int:
        """Number of pairs of the files."""
        return len(self.records) * (len(self.records) - 1) // 2

    @property
    def exact(self) -> bool:
        """True if all files are the same, byte for byte."""
        return len({record.sha256 for record in self.records}) == 1

    @property
    def across_splits(self) -> bool:
        """True if the files are in different published splits."""
        return len({record.split for record in self.records}) > 1

    @property
    def across_labels(self) -> bool:
        """True if the files have different labels."""
        return len({record.label for record in self.records}) > 1

    @property
    def across_patients(self) -> bool:
        """True if the files are filed under different patients."""
        return len({record.patient for record in self.records}) > 1

    @property
    def harmless(self) -> bool:
        """True if the files have one label and are in one published split."""
        return not (self.across_labels or self.across_splits)


def find_copies(images: Sequence[Examined], *, seed: int = 0) -> tuple[Copies, ...]:
    """Groups the images by picture, the worst groups first.

    Files with the same bytes are found by their hash, all others by `near_pairs`. Files that are
    linked only through a third one are in one group as well.

    Args:
        images: the images to be grouped.
        seed: seed of the search for pictures that look the same.

    Returns:
        The groups of two or more files.
    """
    links = {**_same_bytes(images), **_same_look(images, seed)}
    groups = _linked(len(images), links)
    group_of = {index: number for number, members in enumerate(groups) for index in members}
    weakest = [1.0] * len(groups)
    for (first, _), correlation in links.items():
        weakest[group_of[first]] = min(weakest[group_of[first]], correlation)
    found = [
        Copies(tuple(images[index].record for index in members), correlation)
        for members, correlation in zip(groups, weakest, strict=True)
    ]
    return tuple(sorted(found, key=lambda copies: copies.harmless))


def _same_bytes(images: Sequence[Examined]) -> dict[tuple[int, int], float]:
    """Links each file to the one before it with the same bytes."""
    latest: dict[str, int] = {}
    links = {}
    for index, image in enumerate(images):
        if image.record.sha256 in latest:
            links[latest[image.record.sha256], index] = 1.0
        latest[image.record.sha256] = index
    return links


def _same_look(images: Sequence[Examined], seed: int) -> dict[tuple[int, int], float]:
    """Links files of different bytes that look the same, by the correlation of their thumbnails."""
    # one of each hash is enough: a file that is there a thousand times is compared once
    first = {image.record.sha256: index for index, image in reversed(list(enumerate(images)))}
    indices = sorted(first.values())
    thumbnails = np.array([images[index].look.thumbnail for index in indices])
    return {
        (indices[one], indices[other]): correlation
        for (one, other), correlation in near_pairs(thumbnails, seed=seed).items()
    }


def _linked(count: int, links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Groups the indices below `count` that links join, directly or through others."""
    root = list(range(count))

    def find(index: int) -> int:
        while root[index] != index:
            root[index] = root[root[index]]
            index = root[index]
        return index

    for first, second in links:
        low, high = sorted((find(first), find(second)))
        root[high] = low
    members: dict[int, list[int]] = defaultdict(list)
    for index in range(count):
        members[find(index)].append(index)
    return [group for group in members.values() if len(group) > 1]
