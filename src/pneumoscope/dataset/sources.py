"""Data sets of several sources: the institutions that the images come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pneumoscope.dataset.prepared import PreparedSet
from pneumoscope.errors import DataError, SettingsError, unknown_choice
from pneumoscope.types import SOURCE, ImageRecord, Split

HEAVIEST = 10.0
"""Weight that no image exceeds by much, however few its source has of its class."""


def list_sources(records: Iterable[ImageRecord]) -> tuple[str, ...]:
    """Lists the sources of images, sorted; none if the data set does not tell them."""
    return tuple(sorted({record.source for record in records} - {""}))


def count_sources(prepared: PreparedSet) -> dict[str, dict[str, dict[str, int]]]:
    """Counts the images of each source by split and class, zeros included.

    Returns:
        Numbers by source, split and class; empty if the data set does not tell sources.
    """
    records, classes = prepared.images.records, prepared.images.classes
    counts = Counter((each.source, each.split, each.label) for each in records)
    return {
        source: {
            split.value: {name: counts[source, split, n] for n, name in enumerate(classes)}
            for split in Split
        }
        for source in list_sources(records)
    }


def leave_out(prepared: PreparedSet, sources: Collection[str]) -> PreparedSet:
    """Leaves sources out of what a network is trained and validated on; test images stay.

    Args:
        prepared: the data set.
        sources: names of the sources; if there are none, the data set stays as it is.

    Raises:
        SettingsError: if the data set has no such source.
        DataError: if no image of a class is left to train or to validate on.
    """
    if not sources:
        return prepared
    known = list_sources(prepared.images.records)
    for name in sources:
        if not known:
            raise SettingsError(
                f"The data set does not tell which images are of {name}",
                expected=f"a manifest with a column `{SOURCE}`",
                code="source-unknown",
                values={"source": name},
            )
        if name not in known:
            raise unknown_choice(
                "The data set has no such source", name, known, setting="leave_out"
            )
    kept = tuple(
        record
        for record in prepared.images.records
        if record.split is Split.TEST or record.source not in sources
    )
    left = replace(prepared, images=replace(prepared.images, records=kept))
    for split in (Split.TRAIN, Split.VAL):
        for name, count in left.count(split).items():
            if not count:
                without = ", ".join(sorted(sources))
                raise DataError(
                    f"Without {without} no {split} image of class {name} is left",
                    expected="images of each class from the other sources",
                    remedy="Leave fewer sources out",
                    code="class-left-out",
                    values={"class": name, "split": split.value},
                )
    return left


Kind = tuple[str, int]
"""Source and class of an image."""


def weigh_alike(images: Iterable[Kind]) -> Mapping[Kind, float]:
    """Weighs images so that each class counts alike, and within a class each of its sources.

    Args:
        images: source and class of each image, of one image at least.

    Returns:
        Weight of each image of a source and class, as `weigh_sources` gives it, times what makes
        the classes alike; 1 on average over the images.
    """
    counts = Counter(images)
    of_class = _count_classes(counts)
    each = sum(counts.values()) / len(of_class)
    return {
        (source, label): weight * each / of_class[label]
        for (source, label), weight in weigh_sources(counts.elements()).items()
    }


def weigh_sources(images: Iterable[Kind]) -> Mapping[Kind, float]:
    """Weighs images so that within a class each of its sources counts alike.

    A source with so few images that each would weigh more than `HEAVIEST` times its share counts
    less than the others, since it would be a few patients who decide.

    Args:
        images: source and class of each image, of one image at least.

    Returns:
        Weight of each image of a source and class, 1 on average over the images of a class.
    """
    counts = Counter(images)
    of_class, sources_of = _count_classes(counts), Counter(label for _, label in counts)
    wanted = {
        (source, label): min(HEAVIEST, of_class[label] / (sources_of[label] * count))
        for (source, label), count in sorted(counts.items())
    }
    mass = dict.fromkeys(of_class, 0.0)
    for kind, weight in wanted.items():
        mass[kind[1]] += weight * counts[kind]
    return {kind: weight * of_class[kind[1]] / mass[kind[1]] for kind, weight in wanted.items()}


def weigh_each(sources: Sequence[str], labels: Sequence[int]) -> NDArray[np.float64]:
    """Weighs images as `weigh_sources` does.

    Args:
        sources: source of each of n >= 1 images.
        labels: class of each image.

    Returns:
        Weight of each image, 1 on average over the images of a class, shape (n,).
    """
    kinds = [*zip(sources, labels, strict=True)]
    weight_of = weigh_sources(kinds)
    return np.array([weight_of[kind] for kind in kinds])


def _count_classes(counts: Mapping[Kind, int]) -> Counter[int]:
    of_class: Counter[int] = Counter()
    for (_, label), count in counts.items():
        of_class[label] += count
    return of_class
