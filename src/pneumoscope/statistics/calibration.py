"""Calibration of probabilities: their agreement with observed frequencies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pneumoscope.statistics.arrays import BoolArray, FloatArray, IntArray
from pneumoscope.statistics.ranking import ratio

_BINS = 10
_FEWEST_IN_BIN = 20
_CERTAIN = float(np.finfo(np.float32).eps)  # least distance of a score from 0 and 1


@dataclass(frozen=True, eq=False)
class ReliabilityBins:
    """Images in bins of their score, for r weightings of the images at once.

    Attributes:
        mass: weight of the images in each of the b bins, shape (r, b).
        score: mean score in each bin, shape (r, b); NaN where there is no weight.
        observed: fraction of positive images in each bin, shape (r, b); NaN where there is no
            weight.
    """

    mass: FloatArray
    score: FloatArray
    observed: FloatArray


def equal_mass_bins(score: FloatArray) -> IntArray:
    """Divides images by score into bins of about equal size: ten, or fewer of at least 20 images.

    Images with tied scores share a bin.

    Args:
        score: score of each image, shape (n,).

    Returns:
        Index of the bin of each image, rising with the score, int64 of shape (n,).
    """
    _, codes, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2  # of the ranks of each tie
    wanted = min(_BINS, max(1, len(score) // _FEWEST_IN_BIN))
    _, bins = np.unique((middle * wanted / len(score)).astype(np.int64)[codes], return_inverse=True)
    return bins.astype(np.int64)


def reliability(truth: BoolArray, score: FloatArray, weights: FloatArray) -> ReliabilityBins:
    """Computes the mean score and the observed frequency of each bin of a reliability diagram.

    The bins are those of the images as they are (`equal_mass_bins`), whatever their weights.

    Args:
        truth: ground truth, True for positive images, shape (n,).
        score: predicted probability of being positive, in [0, 1], shape (n,).
        weights: weight of each image, shape (r, n), not negative.

    Returns:
        The b bins, those of the lowest scores first.
    """
    bins = equal_mass_bins(score)
    members = (bins[:, None] == np.arange(bins.max() + 1)).astype(np.float64)  # (n, b)
    mass = weights @ members
    return ReliabilityBins(
        mass,
        ratio(weights @ (members * score[:, None]), mass),
        ratio(weights @ (members * truth[:, None]), mass),
    )


def calibration_measures(
    truth: BoolArray, score: FloatArray, weights: FloatArray
) -> dict[str, FloatArray]:
    """Measures the probabilities themselves rather than their order.

    Log-loss is the mean negative logarithm of the probability that was given to the truth, with
    scores kept a float32 rounding error away from 0 and 1. Brier is the mean squared difference
    of score and truth (Brier, Mon Weather Rev 1950;78:1-3). ECE, the expected calibration error,
    is the mean over bins, by their size, of the distance between mean score and observed
    frequency (Naeini et al., AAAI 2015:2901-2907), in bins of equal mass, which are less biased
    than those of equal width (Roelofs et al. 2022, arXiv:2012.08668). It is above 0 by chance
    even where the probabilities are right, the more so the fewer the images, and its bootstrap
    interval lies higher still.

    Args:
        truth: ground truth, True for positive images, shape (n,).
        score: predicted probability of being positive, in [0, 1], shape (n,).
        weights: weight of each image, shape (r, n), not negative.

    Returns:
        By name `log_loss`, `brier` and `ece`: float64 of shape (r,), NaN without any weight.
    """
    kept = np.clip(score, _CERTAIN, 1 - _CERTAIN)
    losses = -np.log(np.where(truth, kept, 1 - kept))
    total = weights.sum(axis=1)
    bins = reliability(truth, score, weights)
    gaps = np.where(bins.mass > 0, np.abs(bins.score - bins.observed), 0.0)
    return {
        "log_loss": ratio(weights @ losses, total),
        "brier": ratio(weights @ (score - truth) ** 2, total),
        "ece": ratio((bins.mass * gaps).sum(axis=1), total),
    }
