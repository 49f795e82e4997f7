"""Confidence bands of curves, from a bootstrap of patients."""

from __future__ import annotations

import numpy as np

from pneumoscope.evaluation.metrics import net_benefit, roc_curve
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import FloatArray, Resampling, reliability

Band = tuple[FloatArray, FloatArray, FloatArray]
"""Positions on the horizontal axis, and lower and upper end of the curve there, each (k,)."""

_THRESHOLDS = np.linspace(0.01, 0.99, 99)


def roc_band(scored: ScoredImages, resampling: Resampling) -> Band:
    """Computes the pointwise 95 % band of the ROC curve: sensitivity at false-positive rates.

    Curves of resampled patients are averaged vertically (Fawcett, Pattern Recognit Lett
    2006;27:861-874, section 8), with percentiles in place of the mean.

    Args:
        scored: the labelled images.
        resampling: resamples of the patients.

    Returns:
        101 false-positive rates from 0 to 1, and the lower and upper end of sensitivity at each;
        NaN where it cannot be computed.
    """
    grid = np.linspace(0.0, 1.0, 101)

    def curves(weights: FloatArray) -> FloatArray:
        corners = zip(*roc_curve(scored.positive, scored.score, weights), strict=True)
        return np.stack([np.interp(grid, *each) for each in corners])

    return grid, *resampling.band(curves, scored.patients)


def reliability_band(scored: ScoredImages, resampling: Resampling) -> Band:
    """Computes the 95 % interval of the observed frequency in each bin of a reliability diagram.

    The bins are those of `statistics.reliability`.

    Args:
        scored: the labelled images.
        resampling: resamples of the patients.

    Returns:
        The mean score of each bin, and the lower and upper end of the fraction of positive images;
        NaN where it cannot be computed.
    """
    ones = np.ones((1, len(scored.labels)))
    score = reliability(scored.positive, scored.score, ones).score[0]
    return score, *resampling.band(
        lambda weights: reliability(scored.positive, scored.score, weights).observed,
        scored.patients,
    )


def net_benefit_band(scored: ScoredImages, resampling: Resampling) -> Band:
    """Computes the pointwise 95 % band of the decision curve.

    Args:
        scored: the labelled images.
        resampling: resamples of the patients.

    Returns:
        99 threshold probabilities from .01 to .99, and the lower and upper end of the net benefit
        at each.
    """
    return _THRESHOLDS, *resampling.band(
        lambda weights: net_benefit(scored.positive, scored.score, _THRESHOLDS, weights),
        scored.patients,
    )
