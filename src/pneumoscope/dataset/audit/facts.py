"""The facts of the images of a data set, summed up for each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pneumoscope.dataset.audit.examine import Examined
from pneumoscope.imaging import ImageFacts
from pneumoscope.statistics import FloatArray

_BINS = 32


@dataclass(frozen=True)
class Quantity:
    """A fact that is a number.

    Attributes:
        name: name of the fact, for programs.
        title: title of the fact, for people.
        unit: unit of the values, in words; empty for a ratio.
        read: function that takes the number from the facts; None where an image has none.
    """

    name: str
    title: str
    unit: str
    read: Callable[[ImageFacts], float | None]

    @property
    def heading(self) -> str:
        """Title of the fact with its unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True)
class Category:
    """A fact that is a word.

    Attributes:
        name: name of the fact, for programs.
        title: title of the fact, for people.
        read: function that takes the word from the facts; empty where an image has none.
    """

    name: str
    title: str
    read: Callable[[ImageFacts], str]


# A new fact needs a line here, and is then summed up, drawn and part of the shortcut score.
QUANTITIES = (
    Quantity("width", "width", "pixels", lambda facts: facts.width),
    Quantity("height", "height", "pixels", lambda facts: facts.height),
    Quantity("aspect", "width / height", "", lambda facts: facts.aspect),
    Quantity("bytes", "file size", "kB", lambda facts: facts.bytes / 1000),
    Quantity("jpeg_quality", "JPEG quality", "1 to 100", lambda facts: facts.jpeg_quality),
    Quantity("brightness", "brightness", "0 to 255", lambda facts: facts.brightness),
    Quantity("contrast", "contrast", "grey levels", lambda facts: facts.contrast),
    Quantity("black", "black area", "%", lambda facts: 100 * facts.black),
)
CATEGORIES = (
    Category("format", "file format", lambda facts: facts.format),
    Category("mode", "colour mode", lambda facts: f"{facts.mode}, {facts.bits} bit"),
    Category("device", "device", lambda facts: facts.device),
    Category("view", "view", lambda facts: facts.view),
)
TITLES = {fact.name: fact.title for fact in (*QUANTITIES, *CATEGORIES)}


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


def column(quantity: Quantity, images: Sequence[Examined]) -> FloatArray:
    """Collects the values of a quantity, shape (n,); NaN where an image does not have it."""
    return np.array([quantity.read(image.look.facts) for image in images], dtype=np.float64)


def sum_up_facts(images: Sequence[Examined], classes: Sequence[str]) -> ClassFacts:
    """Sums up the facts of each class.

    Args:
        images: images of the data set.
        classes: names of the classes.
    """
    labels = np.array([image.record.label for image in images])
    facts = ClassFacts({}, {}, {})
    for quantity in QUANTITIES:
        values = column(quantity, images)
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
        if not any(category.read(image.look.facts) for image in images):
            continue
        facts.counts[category.name] = {
            name: dict(
                Counter(
                    category.read(image.look.facts)
                    for image in images
                    if image.record.label == label
                ).most_common()
            )
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
