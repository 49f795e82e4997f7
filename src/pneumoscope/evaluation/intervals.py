"""The bands in which curves lie, from a bootstrap over patients."""

from __future__ import annotations

import numpy as np

from pneumoscope.evaluation.metrics import net_benefit, roc_curve
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import (
    RESAMPLES,
    FloatArray,
    interval,
    patient_weights,
    reliability,
)

Band = tuple[FloatArray, FloatArray, FloatArray]
"""Where on the horizontal axis, and the lower and upper end of the curve there, of shape (k,)."""

_THRESHOLDS = np.linspace(0.01, 0.99, 99)


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


def reliability_band(scored: ScoredImages, *, resamples: int = RESAMPLES, seed: int = 0) -> Band:
    """The 95 % interval of the observed frequency in each bin of `statistics.reliability`.

    Args:
        scored: the labelled images.
        resamples: number of bootstrap resamples.
        seed: of the draw.

    Returns:
        The mean score of each bin, and the lower and upper end of the share that is positive; NaN
        where it cannot be computed.
    """
    ones = np.ones((1, len(scored.labels)))
    observed = [
        reliability(scored.positive, scored.score, weights).observed
        for weights in patient_weights(scored.patients, resamples, seed)
    ]
    low, high = interval(np.concatenate(observed))
    return reliability(scored.positive, scored.score, ones).score[0], low, high


def net_benefit_band(scored: ScoredImages, *, resamples: int = RESAMPLES, seed: int = 0) -> Band:
    """The pointwise 95 % band of the decision curve.

    Args:
        scored: the labelled images.
        resamples: number of bootstrap resamples.
        seed: of the draw.

    Returns:
        99 threshold probabilities from .01 to .99, and the lower and upper end of the net benefit
        at each.
    """
    replicates = [
        net_benefit(scored.positive, scored.score, _THRESHOLDS, weights)
        for weights in patient_weights(scored.patients, resamples, seed)
    ]
    low, high = interval(np.concatenate(replicates))
    return _THRESHOLDS, low, high
