"""Export batches: files of one class that were exported together, as their names show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pneumoscope.known import identify
from pneumoscope.statistics import BoolArray
from pneumoscope.types import Evidence, ImageRecord

_PARTS = 3


def export_batches(
    records: Sequence[ImageRecord], classes: tuple[str, ...]
) -> dict[str, BoolArray]:
    """Finds each series of numbers within each class, and its low, middle and high third.

    Patients were numbered as they were exported: those of near numbers have more in common than
    the disease.

    Args:
        records: the n images.
        classes: names of the classes.

    Returns:
        True for each image of a batch, shape (n,), by name of the batch; empty if no file name
        shows a series. There are thirds where a series has at least three patients.
    """
    identities = [
        identify(record.path.name) if record.evidence is Evidence.NAME else None
        for record in records
    ]
    labels = np.array([record.label for record in records])
    series = np.array([identity.series if identity else "" for identity in identities], np.str_)
    numbers = np.array([(identity and identity.number) or 0 for identity in identities])
    batches = {}
    for label, name in sorted({*zip(labels.tolist(), series.tolist(), strict=True)}):
        if name:
            members = (labels == label) & (series == name)
            batches[f"{classes[label]} {name}"] = members
            for low, high in _thirds(sorted({*numbers[members].tolist()})):
                third = members & (numbers >= low) & (numbers <= high)
                batches[f"{classes[label]} {name} {low} to {high}"] = third
    return batches


def _thirds(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yields the first and the last number of each third."""
    if len(numbers) >= _PARTS:
        for part in np.array_split(numbers, _PARTS):
            yield int(part[0]), int(part[-1])
