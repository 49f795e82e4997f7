"""The facts of the images of a data set, summed up for each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pneumoscope.dataset.audit.examination import Examination
from pneumoscope.dataset.audit.quantities import CATEGORIES, QUANTITIES
from pneumoscope.statistics import FloatArray

_BINS = 32


@dataclass(frozen=True, eq=False)
class Spread:
    """The distribution of a quantity within one class.

    Attributes:
        images: number of images that have the quantity.
        low: 5th percentile of the quantity, in its unit.
        median: median of the quantity, in its unit.
        high: 95th percentile of the quantity, in its unit.
        shares: fraction of the images in each bin, adding up to one; the bins are the same for
            all classes.
    """

    images: int
    low: float
    median: float
    high: float
    shares: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class ClassFacts:
    """The facts of all readable images, class by class.

    Attributes:
        edges: least and greatest value of any image, by name of a quantity.
        spreads: distribution by name of a quantity, then by class; classes without the quantity
            are not there.
        counts: number of images by name of a category, then by class, then by value; categories
            that no image has are not there.
    """

    edges: dict[str, tuple[float, float]]
    spreads: dict[str, dict[str, Spread]]
    counts: dict[str, dict[str, dict[str, int]]]


def sum_up_facts(images: Examination, classes: Sequence[str]) -> ClassFacts:
    """Sums up the facts of each class.

    Args:
        images: images of the data set.
        classes: names of the classes.
    """
    labels = images.labels
    facts = ClassFacts({}, {}, {})
    for quantity in QUANTITIES:
        values = images.numbers(quantity.name)
        known = np.isfinite(values)
        if known.any():
            low, high = float(values[known].min()), float(values[known].max())
            facts.edges[quantity.name] = low, high
            facts.spreads[quantity.name] = {
                name: _spread(values[known & (labels == label)], low, high)
                for label, name in enumerate(classes)
                if (known & (labels == label)).any()
            }
    for category in CATEGORIES:
        words = images.words(category.name)
        if not any(words):
            continue
        counts = Counter(zip(labels.tolist(), words, strict=True))
        facts.counts[category.name] = {
            name: {word: count for (of, word), count in counts.most_common() if of == label}
            for label, name in enumerate(classes)
        }
    return facts


def _spread(values: FloatArray, low: float, high: float) -> Spread:
    counts, _ = np.histogram(values, bins=_BINS, range=(low, high))
    fifth, median, ninety_fifth = np.percentile(values, (5, 50, 95))
    return Spread(
        len(values),
        float(fifth),
        float(median),
        float(ninety_fifth),
        tuple((counts / len(values)).tolist()),
    )
