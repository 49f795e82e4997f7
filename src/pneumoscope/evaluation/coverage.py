"""The coverage of a model: the images that it accepts, and its accuracy on these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pneumoscope.evaluation.groups import evaluate_all
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import Resampling
from pneumoscope.types import Estimate


@dataclass(frozen=True)
class Coverage:
    """The images that a model accepts.

    Attributes:
        images: number of all images.
        refused: number of images that the model refuses.
        accuracy: fraction of the accepted images that are classified correctly; None if none is
            accepted.
    """

    images: int
    refused: int
    accuracy: Estimate | None

    def __str__(self) -> str:
        share = self.refused / self.images
        rest = "" if self.accuracy is None else f"; accuracy on the others {self.accuracy}"
        return f"Refused by the gate: {self.refused} of {self.images} ({share:.1%}){rest}"


def measure_coverage(scored: ScoredImages, resampling: Resampling) -> Coverage | None:
    """Counts the images that a model refuses; None if it can refuse nothing.

    Args:
        scored: all images, the refused ones among them.
        resampling: resamples of the patients.
    """
    if scored.refused is None:
        return None
    refused = int(np.count_nonzero(scored.refused))
    images = len(scored.paths)
    if refused == images:
        return Coverage(images, refused, None)
    accepted = evaluate_all(scored.subset(~scored.refused), resampling)
    return Coverage(images, refused, accepted.estimates["accuracy"])
