"""The band in which a ROC curve lies, from a bootstrap over patients."""

from __future__ import annotations

import numpy as np

from pneumoscope.evaluation.metrics import roc_curve
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import RESAMPLES, FloatArray, interval, patient_weights

Band = tuple[FloatArray, FloatArray, FloatArray]
"""False-positive rates, and the lower and upper end of sensitivity at each, of shape (k,)."""


def roc_band(scored: ScoredImages, *, resamples: int = RESAMPLES, seed: int = 0) -> Band:
    """The pointwise 95 % band of the ROC curve: of sensitivity at given false-positive rates.

    Curves of resampled patients are averaged vertically (Fawcett, Pattern Recognit Lett
    2006;27:861-874, section 8), with percentiles in place of the mean.

    Args:
        scored: the labelled images.
        resamples: number of bootstrap resamples.
        seed: of the draw.

    Returns:
        101 false-positive rates from 0 to 1, and the lower and upper end of sensitivity at each;
        NaN where it cannot be computed.
    """
    grid = np.linspace(0.0, 1.0, 101)
    curves = [
        np.interp(grid, false_positive_rate, sensitivity)
        for weights in patient_weights(scored.patients, resamples, seed)
        for false_positive_rate, sensitivity in zip(
            *roc_curve(scored.positive, scored.score, weights), strict=True
        )
    ]
    low, high = interval(np.stack(curves))
    return grid, low, high
