"""The probabilities without the calibration, which is part of the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax

from pneumoscope.evaluation.metrics import all_metrics
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import Estimate, FloatArray, Resampling
from pneumoscope.task import LEAST_PROBABILITY
from pneumoscope.types import Calibration

_MEASURES = ("log_loss", "brier", "ece")


@dataclass(frozen=True)
class Uncalibrated:
    """The same images with their probabilities before calibration.

    Attributes:
        scored: the images.
        estimates: log-loss, Brier score and expected calibration error of these probabilities.
    """

    scored: ScoredImages
    estimates: dict[str, Estimate]


def undo_calibration(
    scored: ScoredImages, calibration: Calibration | None, resampling: Resampling
) -> Uncalibrated | None:
    """Undoes temperature and biases in the probabilities, and measures the probabilities before.

    Args:
        scored: the labelled images.
        calibration: the fitted calibration, from the bundle.
        resampling: resamples of the patients.

    Returns:
        The images with their probabilities before calibration; None if calibration has
        changed none, or by the source that an image is nearest to, which its score does not tell.
    """
    if calibration is None or not calibration.fitted or not calibration.changes:
        return None
    if calibration.by_source:  # of which source, no score tells
        return None
    logits = np.log(np.maximum(scored.probabilities, LEAST_PROBABILITY)) - np.array(
        calibration.biases
    )
    before: FloatArray = softmax(logits * calibration.temperature, axis=1)
    undone = replace(scored, probabilities=before)

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        found = all_metrics(undone, weights)
        return {name: found[name] for name in _MEASURES}

    estimates = resampling.estimate(measure, scored.patients)
    return Uncalibrated(undone, estimates)
