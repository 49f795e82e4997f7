"""Images with their activation maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.imaging.changes import Grey
from pneumoscope.inference import Predictor


@dataclass(frozen=True, eq=False)
class ExplainedImages:
    """n images, what a model said of them, and where its evidence lies.

    Attributes:
        pixels: uint8 of shape (n, h, w).
        scored: their labels and probabilities.
        maps: signed, float32 of shape (n, c, h', w').
    """

    pixels: Grey
    scored: ScoredImages
    maps: NDArray[np.float32]

    @cached_property
    def called_maps(self) -> NDArray[np.float32]:
        """The map that a heatmap is made of: of the class that the image is called, (n, h', w')."""
        return self.maps_of(self.scored.predicted)

    @property
    def flat(self) -> int:
        """Number of images whose map is the same everywhere."""
        return int(np.count_nonzero(np.ptp(self.called_maps, axis=(1, 2)) == 0))

    def maps_of(self, labels: NDArray[np.int64]) -> NDArray[np.float32]:
        """The map of one class of each image, by its index, float32 of shape (n, h', w')."""
        maps: NDArray[np.float32] = self.maps[np.arange(len(labels)), labels]
        return maps


def explain_images(predictor: Predictor, cohort: Cohort) -> ExplainedImages:
    """What a model says of n images, and where its evidence lies.

    Args:
        predictor: the model.
        cohort: the images, at its geometry.

    Raises:
        BundleError: if the network gives no class-activation maps.
    """
    pixels = cohort.pixels[predictor.info.geometry]
    probabilities, maps = predictor.activation_maps(pixels)
    return ExplainedImages(pixels, ScoredImages.of(cohort, predictor, probabilities), maps)
