"""The distance of images from those of the training, by descriptors of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pneumoscope.statistics import FloatArray


@dataclass(frozen=True, eq=False)
class TrainingDistance:
    """Means and covariance of the descriptors of the training images, for a Mahalanobis distance.

    Nothing of single images is kept.

    Attributes:
        means: mean of the descriptors of each group of images, such as those of a source and
            class, float32 of shape (g, k).
        whitening: matrix after which the descriptors are uncorrelated, with variance 1 within a
            group, float32 of shape (k, r).
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

    @cached_property
    def _whitened(self) -> tuple[FloatArray, FloatArray]:
        """The whitening, (k, r), and where it puts the means, (g, r), both in float64."""
        whitening = self.whitening.astype(np.float64)
        return whitening, self.means @ whitening

    def measure(self, descriptors: NDArray[np.floating]) -> FloatArray:
        """Measures the distance of images from the nearest group of the training images.

        Args:
            descriptors: descriptors of n images, shape (n, k).

        Returns:
            The least of `measure_groups`, float64 of shape (n,).
        """
        nearest: FloatArray = self.measure_groups(descriptors).min(axis=1)
        return nearest

    def nearest_planes(self) -> tuple[FloatArray, FloatArray]:
        """Computes what tells the nearest group without a distance, such as in a graph.

        Returns:
            Planes, float64 of shape (k, g), and offsets, float64 of shape (g,). Of the g sums of
            descriptors times a plane and its offset, the greatest is that of the nearest group.
        """
        whitening, centres = self._whitened
        return 2 * whitening @ centres.T, -np.square(centres).sum(axis=1)

    def measure_groups(self, descriptors: NDArray[np.floating]) -> FloatArray:
        """Measures the distances of images from each group of the training images.

        The Mahalanobis distance to the mean of the group, under one covariance for all groups
        (Lee et al. 2018, arXiv:1807.03888), over the square root of the number of dimensions: about
        1 for the training images themselves.

        Args:
            descriptors: descriptors of n images, shape (n, k).

        Returns:
            float64 of shape (n, g); infinite where a descriptor is not finite.
        """
        finite = np.isfinite(descriptors).all(axis=1)
        known = np.where(finite[:, np.newaxis], descriptors, 0.0).astype(np.float64)
        whitening, centres = self._whitened
        away = (known @ whitening)[:, np.newaxis] - centres  # (n, g, r)
        squares = np.square(away).mean(axis=2)
        distances: FloatArray = np.where(finite[:, np.newaxis], np.sqrt(squares), np.inf)
        return distances
