"""Images with the maps that their heatmaps are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.imaging.changes import Grey
from pneumoscope.inference import Predictor
from pneumoscope.inference.occlusion import PREDICTIONS


@dataclass(frozen=True, eq=False)
class ExplainedImages:
    """Images with their predictions and maps.

    Attributes:
        pixels: pixels of the n images, uint8 of shape (n, h, w).
        scored: labels and probabilities of the images.
        maps: signed map of each image and class, float32 of shape (n, c, h', w').
    """

    pixels: Grey
    scored: ScoredImages
    maps: NDArray[np.float32]

    @cached_property
    def called_maps(self) -> NDArray[np.float32]:
        """Map of the predicted class of each image, float32 of shape (n, h', w')."""
        return self.maps_of(self.scored.predicted)

    @property
    def flat(self) -> int:
        """Number of images whose map has one value everywhere."""
        return int(np.count_nonzero(np.ptp(self.called_maps, axis=(1, 2)) == 0))

    def maps_of(self, labels: NDArray[np.int64]) -> NDArray[np.float32]:
        """Selects the map of one class of each image, by its index: float32 (n, h', w')."""
        maps: NDArray[np.float32] = self.maps[np.arange(len(labels)), labels]
        return maps


def explain_images(
    predictor: Predictor, cohort: Cohort, tick: Callable[[int], None] = lambda _: None
) -> ExplainedImages:
    """Computes the predictions and the maps of images.

    Args:
        predictor: the model.
        cohort: the n images, at the geometry of the model.
        tick: called with the number of predictions made since it was last called.
    """
    pixels = cohort.pixels[predictor.info.geometry]
    probabilities = predictor.probabilities(pixels)
    maps = make_maps(predictor, pixels, probabilities, tick)
    return ExplainedImages(pixels, ScoredImages.of(cohort, predictor, probabilities), maps)


def make_maps(
    predictor: Predictor,
    pixels: Grey,
    probabilities: NDArray[np.float32],
    tick: Callable[[int], None],
) -> NDArray[np.float32]:
    """Computes the maps of images, one image after another.

    Args:
        predictor: the model.
        pixels: pixels of the n images, uint8 of shape (n, h, w).
        probabilities: probabilities of the c classes for them, float32 of shape (n, c).
        tick: called with the number of predictions made since it was last called.

    Returns:
        Signed map of each image and class, float32 of shape (n, c, h', w').
    """
    maps = []
    for image, said in zip(pixels, probabilities, strict=True):
        maps.append(predictor.occlusion_maps(image, said))
        tick(PREDICTIONS)
    return np.stack(maps)
