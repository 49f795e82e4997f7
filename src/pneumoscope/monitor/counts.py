"""Counts of the images of a time, that can be added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pneumoscope.monitor.basis import Reference
from pneumoscope.monitor.observe import Observation
from pneumoscope.statistics import IntArray

_CODES = ("status", "reasons", "warnings", "errors")


@dataclass(frozen=True)
class Counts:
    """Counts of images; they grow by `count`, from one thread at a time.

    Attributes:
        status: number of images by the status of their prediction.
        reasons: number of images by the code of a reason for refusal.
        warnings: number of images by the code of a warning.
        errors: number of images by the code of the error that kept them from being predicted.
        bins: number of images in each bin, by quantity.
    """

    status: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    bins: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def empty(cls, reference: Reference) -> Counts:
        """Makes counts of no image, with the bins of a reference."""
        return cls(bins={name: [0] * len(bins.counts) for name, bins in reference.items()})

    @classmethod
    def sum(cls, counts: Iterable[Counts]) -> Counts:
        """Adds counts up."""
        total = cls()
        for each in counts:
            for name in _CODES:
                getattr(total, name).update(getattr(each, name))
            for name, found in each.bins.items():
                known = total.bins.get(name, [0] * len(found))
                total.bins[name] = [a + b for a, b in zip(known, found, strict=True)]
        return total

    @property
    def images(self) -> int:
        """Number of images."""
        return self.status.total()

    def count(self, seen: Observation) -> None:
        """Counts an image."""
        self.status[seen.status.value] += 1
        self.reasons.update(seen.reasons)
        self.warnings.update(seen.warnings)
        if seen.error is not None:
            self.errors[seen.error] += 1
        for name, index in seen.bins.items():
            self.bins[name][index] += 1

    def binned(self, quantity: str) -> IntArray:
        """Returns the number of images in each bin of a quantity, shape (k,); (0,) if unknown."""
        return np.array(self.bins.get(quantity, ()), np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Returns the counts as plain JSON types."""
        codes = {name: dict(sorted(getattr(self, name).items())) for name in _CODES}
        return {"images": self.images, **codes, "bins": self.bins}

    @classmethod
    def parse(cls, content: Mapping[str, Any], reference: Reference) -> Counts:
        """Reads what `to_dict` returned.

        Args:
            content: the JSON types.
            reference: distributions whose bins were counted.

        Raises:
            Exception: of any kind, if it is malformed.
        """
        codes = {name: Counter(_whole(content[name])) for name in _CODES}
        bins = {name: [*map(_number, found)] for name, found in content["bins"].items()}
        if {name: len(found) for name, found in bins.items()} != {
            name: len(known.counts) for name, known in reference.items()
        }:
            raise ValueError("its bins are not those of the model")
        return cls(**codes, bins=bins)


def _whole(counted: Mapping[str, Any]) -> dict[str, int]:
    return {str(code): _number(number) for code, number in counted.items()}


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value
