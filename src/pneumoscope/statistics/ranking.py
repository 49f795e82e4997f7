"""Rank statistics and means, for several weightings of the images at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pneumoscope.statistics.arrays import BoolArray, FloatArray


@dataclass(frozen=True, eq=False)
class Cumulative:
    """Weights of true and false positives at each threshold, from the highest score down.

    Attributes:
        thresholds: k distinct scores, falling, shape (k,).
        true_positives: weight of the positive images at that score or above, shape (r, k).
        false_positives: weight of the negative images at that score or above, shape (r, k).
    """

    thresholds: FloatArray
    true_positives: FloatArray
    false_positives: FloatArray


def cumulative(truth: BoolArray, score: FloatArray, weights: FloatArray) -> Cumulative:
    """Counts true and false positives at every threshold; images with tied scores move together.

    Args:
        truth: ground truth, True for positive images, shape (n,).
        score: score of each image, higher being more positive, shape (n,).
        weights: weight of each image, shape (r, n), not negative.

    Returns:
        The counts at the k distinct scores.
    """
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    last_of_tie = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    weights = weights[:, order]
    called = np.cumsum(weights, axis=1)[:, last_of_tie]
    weights *= truth[order]
    true_positives = np.cumsum(weights, axis=1)[:, last_of_tie]
    return Cumulative(ranked[last_of_tie], true_positives, called - true_positives)


def auroc(counts: Cumulative) -> FloatArray:
    """Computes the area under the receiver operating characteristic.

    It is the Mann-Whitney statistic, a tie counting one half (Hanley and McNeil, Radiology
    1982;143:29-36).

    Returns:
        One value for each weighting, shape (r,); NaN where either side has no weight.
    """
    tp, fp = counts.true_positives, counts.false_positives
    # trapezoids between neighbouring thresholds: a slope, where scores tie, halves the tie
    height = tp.copy()
    height[:, 1:] += tp[:, :-1]
    area = np.einsum("rk,rk->r", np.diff(fp, axis=1, prepend=0.0), height) / 2
    return ratio(area, tp[:, -1] * fp[:, -1])


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divides two arrays, broadcast to one shape; NaN where the denominator is zero."""
    undefined = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    quotient: FloatArray = np.divide(numerator, denominator, out=undefined, where=denominator != 0)
    return quotient


def known_mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Computes weighted means over the images whose value is known.

    Args:
        values: value of each image, shape (n,) or (n, k); NaN where not known.
        weights: weight of each image, shape (r, n), not negative.

    Returns:
        Shape (r,) or (r, k); NaN where no image of any weight has a value.
    """
    known = np.isfinite(values)
    return ratio(weights @ np.where(known, values, 0.0), weights @ known.astype(np.float64))


def rank_correlation(first: FloatArray, second: FloatArray) -> FloatArray:
    """Computes Spearman's rank correlation of the rows of two arrays, ties at their mean rank.

    Args:
        first: finite values, shape (n, k).
        second: finite values, shape (n, k).

    Returns:
        Correlation of each row, in [-1, 1], shape (n,); NaN where all values of a row are the same.
    """
    from scipy.stats import rankdata  # half a second to import

    ranks = [rankdata(values, axis=1) for values in (first, second)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    together = np.einsum("nk,nk->n", centred[0], centred[1])
    spreads = [np.sqrt(np.einsum("nk,nk->n", rank, rank)) for rank in centred]
    return ratio(together, spreads[0] * spreads[1])
