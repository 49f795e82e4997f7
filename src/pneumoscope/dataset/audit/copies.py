"""Search for groups of files that hold the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from pneumoscope.dataset.audit.examination import Examination
from pneumoscope.dataset.audit.near import near_pairs, same_keys
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


def find_copies(images: Examination, *, seed: int = 0) -> tuple[Copies, ...]:
    """Groups the images by picture, the worst groups first.

    Files with the same bytes are found by their hash, all others by `near_pairs`. Files that are
    linked only through a third one are in one group as well.

    Args:
        images: the images to be grouped.
        seed: seed of the search for pictures that look the same.

    Returns:
        The groups of two or more files.
    """
    links = dict.fromkeys(same_keys(images.digests), 1.0) | near_pairs(images.thumbnails, seed=seed)
    groups = _linked(len(images.records), links)
    group_of = {index: number for number, members in enumerate(groups) for index in members}
    weakest = [1.0] * len(groups)
    for (first, _), correlation in links.items():
        weakest[group_of[first]] = min(weakest[group_of[first]], correlation)
    found = [
        Copies(tuple(images.record(index) for index in members), correlation)
        for members, correlation in zip(groups, weakest, strict=True)
    ]
    return tuple(sorted(found, key=lambda copies: copies.harmless))


def _linked(count: int, links: Collection[tuple[int, int]]) -> list[list[int]]:
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
    for index in sorted({index for link in links for index in link}):
        members[find(index)].append(index)
    return list(members.values())
