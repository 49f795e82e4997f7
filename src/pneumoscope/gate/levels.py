"""Levels of the gate: distances above which images are warned of, and refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from pneumoscope.errors import SettingsError
from pneumoscope.graph import FEATURES
from pneumoscope.statistics import FloatArray


@dataclass(frozen=True)
class GateLevel:
    """A level of a distance from the training images.

    Attributes:
        distance: distance above which images are warned of, or refused.
        share: fraction of images like the validation images that are expected above, in (0, 1).
    """

    distance: float
    share: float

    def __post_init__(self) -> None:
        if not (self.distance >= 0 and 0 < self.share < 1):
            raise SettingsError(
                "A level of the gate is out of range",
                expected="a distance of 0 or more, and a fraction between 0 and 1",
                received=f"{self.distance} and {self.share}",
            )


@dataclass(frozen=True)
class GateLevels:
    """Levels of all distances of a gate.

    Attributes:
        warn: levels above which images are accepted with a warning, by kind of the descriptors:
            the network's "features", or one of `gate.appearance.APPEARANCES`.
        refuse: level of the out-of-distribution score above which images are refused.
        images: number of validation images that the levels were chosen on.
        patients: number of patients of these images.
        sources: source of each group of training images that distances are measured from, in the
            order of their means; empty if the data set does not tell sources.
        scored: kinds of the descriptors whose distances make the out-of-distribution score.

    Raises:
        SettingsError: on construction, if the score is of none, or of one without a level.
    """

    warn: Mapping[str, GateLevel]
    refuse: GateLevel
    images: int
    patients: int
    sources: tuple[str, ...] = ()
    scored: tuple[str, ...] = (FEATURES,)

    def __post_init__(self) -> None:
        if not self.scored or not set(self.scored) <= set(self.warn):
            raise SettingsError(
                "The out-of-distribution score is of no known distances",
                expected=f"some of {', '.join(self.warn)}",
                received=", ".join(self.scored) or "none",
            )

    @property
    def scored_text(self) -> str:
        """Kinds of the score in words, such as "features, tone and layout"."""
        *first, last = self.scored
        return f"{', '.join(first)} and {last}" if first else last


def score_distances(distances: Mapping[str, FloatArray], kinds: Collection[str]) -> FloatArray:
    """Computes the out-of-distribution score: the root mean square of distances.

    Args:
        distances: distances of n images by kind, each of shape (n,).
        kinds: kinds whose distances make the score.

    Returns:
        float64 of shape (n,).
    """
    squares = [np.square(distances[kind]) for kind in kinds]
    score: FloatArray = np.sqrt(np.mean(squares, axis=0))
    return score
