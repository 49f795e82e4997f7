"""What the files of a data set are like, in columns: of a million, none is an object of its own."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import replace
from sys import intern

import numpy as np
from numpy.typing import NDArray

from pneumoscope.dataset.audit.examine import Examined, Unreadable
from pneumoscope.dataset.audit.quantities import CATEGORIES, QUANTITIES
from pneumoscope.dataset.audit.thumbnails import Thumbnails
from pneumoscope.imaging import ImageFacts
from pneumoscope.statistics import FloatArray, IntArray
from pneumoscope.types import ImageRecord

_DIGEST = 32  # bytes of a SHA-256


class Examination:
    """The files of a data set that could be read, and those that could not.

    Attributes:
        records: records of the images that could be read, in the order of the data set.
        thumbnails: thumbnails of these images.
        refused: those of the images that predicting would refuse, each with the rules.
        unreadable: the files that could not be read.
    """

    def __init__(self, thumbnails: Thumbnails) -> None:
        self.records: list[ImageRecord] = []
        self.thumbnails = thumbnails
        self.refused: list[tuple[ImageRecord, tuple[str, ...]]] = []
        self.unreadable: list[Unreadable] = []
        self._digests = bytearray()
        self._numbers = {quantity.name: array("d") for quantity in QUANTITIES}
        self._words: dict[str, list[str]] = {category.name: [] for category in CATEGORIES}

    @classmethod
    def of(cls, examined: Iterable[Examined | Unreadable], thumbnails: Thumbnails) -> Examination:
        """Takes up files that have been examined, in the order of the data set."""
        found = cls(thumbnails)
        for each in examined:
            found.add(each)
        return found

    def add(self, each: Examined | Unreadable) -> None:
        """Takes up the next file, and its thumbnail."""
        if isinstance(each, Unreadable):
            self.unreadable.append(each)
            return
        self.thumbnails.append(each.look.thumbnail)
        self.recall(each.record, each.record.sha256, each.look.facts, each.refused)

    def recall(
        self, record: ImageRecord, sha256: str, facts: ImageFacts, refused: tuple[str, ...]
    ) -> None:
        """Takes up the next file, whose thumbnail is there already."""
        self.records.append(record)
        self._digests += bytes.fromhex(sha256)
        if refused:
            self.refused.append((record, refused))
        for quantity in QUANTITIES:
            value = quantity.read(facts)
            self._numbers[quantity.name].append(np.nan if value is None else value)
        for category in CATEGORIES:
            self._words[category.name].append(intern(category.read(facts)))

    @property
    def labels(self) -> IntArray:
        """Number of the class of each image, shape (n,)."""
        return np.array([record.label for record in self.records], np.int64)

    @property
    def digests(self) -> NDArray[np.bytes_]:
        """SHA-256 of each file, shape (n,)."""
        return np.frombuffer(self._digests, f"S{_DIGEST}")

    def numbers(self, name: str) -> FloatArray:
        """Returns the values of a quantity, shape (n,); NaN where an image does not have it."""
        return np.array(self._numbers[name])

    def words(self, name: str) -> list[str]:
        """Returns the words of a category, empty where an image has none."""
        return self._words[name]

    def record(self, index: int) -> ImageRecord:
        """Returns the record of an image with its hash."""
        digest = self._digests[_DIGEST * index : _DIGEST * (index + 1)]
        return replace(self.records[index], sha256=digest.hex())
