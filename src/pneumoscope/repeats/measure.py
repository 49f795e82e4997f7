"""The measures of all folds together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pneumoscope.evaluation.metrics import all_denominators, measure_images
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import FloatArray, Resampling
from pneumoscope.types import Estimate


def pool_folds(folds: Sequence[ScoredImages]) -> dict[str, Estimate]:
    """Measures the images of all folds, each scored and classified by the run without it.

    Args:
        folds: images of each fold with the probabilities of the run that has not seen them, and
            its threshold.

    Returns:
        The measures of `metrics.all_metrics`, with intervals from a bootstrap of all patients.
    """
    labels = np.concatenate([fold.labels for fold in folds])
    predicted = np.concatenate([fold.predicted for fold in folds])
    score = np.concatenate([fold.score for fold in folds])
    patients = np.concatenate([fold.patients for fold in folds])

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        return measure_images(labels, predicted, score, len(folds[0].classes), weights)

    return Resampling().estimate(measure, patients, all_denominators(labels, predicted))
