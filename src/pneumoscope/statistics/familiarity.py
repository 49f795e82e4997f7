"""How far features lie from those of the training: a distance, and where to draw lines on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.statistics.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Where the features of the training images lie, and nothing of the single images.

    Attributes:
        means: mean of the features of each class, float32 of shape (c, k).
        whitening: makes the features uncorrelated, each of variance 1 within its class, float32 of
            shape (k, r).
    """

    means: NDArray[np.float32]
    whitening: NDArray[np.float32]

    def __post_init__(self) -> None:
        if not (
            self.means.ndim == self.whitening.ndim == 2
            and self.means.shape[1] == self.whitening.shape[0]
            and min(*self.means.shape, *self.whitening.shape) > 0
            and np.isfinite(self.means).all()
            and np.isfinite(self.whitening).all()
        ):
            raise ValueError(
                f"means of shape {self.means.shape} and a whitening of shape "
                f"{self.whitening.shape} do not make a distance"
            )

    def distances(self, features: NDArray[np.floating]) -> FloatArray:
        """How far images lie from the nearest class of the training images.

        The Mahalanobis distance to the nearest class mean, under one covariance for all classes
        (Lee et al. 2018, arXiv:1807.03888), over the square root of the number of dimensions: about
        1 for the training images themselves.

        Args:
            features: of n images, shape (n, k).

        Returns:
            float64 of shape (n,); infinite for features that are no finite numbers.
        """
        finite = np.isfinite(features).all(axis=1)
        known = np.where(finite[:, np.newaxis], features, 0.0).astype(np.float64)
        whitening = self.whitening.astype(np.float64)
        away = (known @ whitening)[:, np.newaxis] - self.means @ whitening  # (n, c, r)
        squares = np.square(away).mean(axis=2).min(axis=1)
        distances: FloatArray = np.where(finite, np.sqrt(squares), np.inf)
        return distances


def upper_threshold(values: FloatArray, share: float) -> tuple[float, float]:
    """A threshold that a new case of the same kind exceeds with a probability of `share` at most.

    It is one of the values, so chosen that this holds whatever their distribution, if the new case
    is exchangeable with them (split conformal prediction: Lei et al., J Am Stat Assoc
    2018;113:1094-1111). With fewer values than 1 / share - 1 it is the greatest of them.

    Args:
        values: of n >= 1 cases, shape (n,).
        share: in (0, 1).

    Returns:
        The threshold; and the probability that holds, which is above `share` where the values
        were too few.
    """
    n = len(values)
    rank = min(n, int(np.ceil((n + 1) * (1 - share))))
    return float(np.sort(values)[rank - 1]), 1 - rank / (n + 1)
