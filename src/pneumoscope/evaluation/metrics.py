"""Measures of discrimination, each written once for any number of weightings of the images.

Every function takes image weights of shape (r, n), one row per weighting, and returns r values
at once. With a single row of ones they are the plain measures; with the rows of a bootstrap
(`intervals.py`) they are its replicates. A measure whose denominator is zero is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pneumoscope.evaluation.scores import BoolArray, FloatArray, IntArray, ScoredImages


@dataclass(frozen=True, eq=False)
class Cumulative:
    """What is called positive at each distinct score, from the highest score down.

    Attributes:
        thresholds: the k distinct scores, falling, shape (k,).
        true_positives: weight of the positives at that score or above, shape (r, k).
        false_positives: the same of the negatives, shape (r, k).
    """

    thresholds: FloatArray
    true_positives: FloatArray
    false_positives: FloatArray


def cumulative(truth: BoolArray, score: FloatArray, weights: FloatArray) -> Cumulative:
    """Counts true and false positives at every threshold; images with tied scores move together.

    Args:
        truth: whether each image is positive, shape (n,).
        score: of each image, higher being more positive, shape (n,).
        weights: of each image, shape (r, n), not negative.

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


def binary_metrics(
    truth: BoolArray, called: BoolArray, score: FloatArray, weights: FloatArray
) -> dict[str, FloatArray]:
    """Measures of one class against the rest.

    Sensitivity is also known as recall, PPV as precision. F1 is their harmonic mean, and so is
    not defined where sensitivity is not. AUROC is the Mann-Whitney statistic, a tie counting one
    half (Hanley and McNeil, Radiology 1982;143:29-36). Average precision is the sum of precision
    times the step in recall, without interpolation, as scikit-learn defines it. Brier is the mean
    squared difference of score and truth (Brier, Mon Weather Rev 1950;78:1-3).

    Args:
        truth: whether each image is of the class, shape (n,).
        called: whether each image is said to be, shape (n,).
        score: probability of the class, in [0, 1], shape (n,).
        weights: of each image, shape (r, n), not negative.

    Returns:
        By name `sensitivity`, `specificity`, `ppv`, `npv`, `f1`, `auroc`, `average_precision` and
        `brier`: float64 of shape (r,), NaN where not defined.
    """
    # n x 5 columns, so that one matrix product makes all the sums
    columns = np.column_stack(
        [truth & called, ~truth & called, truth & ~called, ~truth & ~called, (score - truth) ** 2]
    )
    tp, fp, fn, tn, squares = (weights @ columns.astype(np.float64)).T
    sensitivity = _ratio(tp, tp + fn)
    counts = cumulative(truth, score, weights)
    return {
        "sensitivity": sensitivity,
        "specificity": _ratio(tn, tn + fp),
        "ppv": _ratio(tp, tp + fp),
        "npv": _ratio(tn, tn + fn),
        "f1": np.where(np.isnan(sensitivity), np.nan, _ratio(2 * tp, 2 * tp + fp + fn)),
        "auroc": _auroc(counts),
        "average_precision": _average_precision(counts),
        "brier": _ratio(squares, tp + fp + fn + tn),
    }


def all_metrics(scored: ScoredImages, weights: FloatArray) -> dict[str, FloatArray]:
    """Accuracy and balanced accuracy over all classes, and the rest of positive against reference.

    Balanced accuracy is the mean of the recalls of all classes, and not defined where one of
    them has no image.

    Args:
        scored: the n labelled images.
        weights: of each image, shape (r, n), not negative.

    Returns:
        `accuracy`, `balanced_accuracy` and what `binary_metrics` returns: float64 of shape (r,).
    """
    members = (scored.labels[:, None] == np.arange(len(scored.classes))).astype(np.float64)
    right = members * (scored.labels == scored.predicted)[:, None]
    total_by_class, right_by_class = weights @ members, weights @ right  # (r, c)
    return {
        "accuracy": _ratio(right_by_class.sum(axis=1), total_by_class.sum(axis=1)),
        "balanced_accuracy": _ratio(right_by_class, total_by_class).mean(axis=1),
        **binary_metrics(scored.positive, scored.predicted != 0, scored.score, weights),
    }


def confusion_matrix(scored: ScoredImages) -> IntArray:
    """Images by true class (rows) and predicted class (columns), int64 of shape (c, c)."""
    c = len(scored.classes)
    pairs = scored.labels * c + scored.predicted
    return np.bincount(pairs, minlength=c * c).reshape(c, c).astype(np.int64)


def roc_curve(
    truth: BoolArray, score: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The corners of the receiver operating characteristic, from (0, 0) to (1, 1).

    Args:
        truth: whether each image is positive, shape (n,).
        score: of each image, shape (n,).
        weights: of each image, shape (r, n), not negative.

    Returns:
        False-positive rate and sensitivity, each of shape (r, k + 1) for k distinct scores; NaN
        where a side has no weight.
    """
    counts = cumulative(truth, score, weights)
    # (2, r, k + 1), the curve starting where nothing is called positive
    tallies = np.stack([counts.false_positives, counts.true_positives])
    tallies = np.concatenate([np.zeros_like(tallies[..., :1]), tallies], axis=-1)
    totals = tallies[..., -1:]
    false_positive_rate, sensitivity = _ratio(tallies, np.where(totals.all(axis=0), totals, 0.0))
    return false_positive_rate, sensitivity


def precision_recall_curve(truth: BoolArray, score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Recall and precision at every distinct score, from the highest score down.

    Args:
        truth: whether each image is positive, shape (n,).
        score: of each image, shape (n,).

    Returns:
        Recall and precision, each of shape (k,); recall is NaN if there is no positive.
    """
    counts = cumulative(truth, score, np.ones((1, len(score))))
    tp, fp = counts.true_positives[0], counts.false_positives[0]
    return _ratio(tp, tp[-1:]), _ratio(tp, tp + fp)


def _auroc(counts: Cumulative) -> FloatArray:
    tp, fp = counts.true_positives, counts.false_positives
    # trapezoids between neighbouring thresholds: a slope, where scores tie, halves the tie
    height = tp.copy()
    height[:, 1:] += tp[:, :-1]
    area = np.einsum("rk,rk->r", np.diff(fp, axis=1, prepend=0.0), height) / 2
    return _ratio(area, tp[:, -1] * fp[:, -1])


def _average_precision(counts: Cumulative) -> FloatArray:
    tp, fp = counts.true_positives, counts.false_positives
    # where nothing is called yet there is no step in recall either: any precision will do
    precision = np.divide(tp, tp + fp, out=np.zeros_like(tp), where=tp + fp > 0)
    return _ratio(np.einsum("rk,rk->r", np.diff(tp, axis=1, prepend=0.0), precision), tp[:, -1])


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    undefined = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    ratio: FloatArray = np.divide(numerator, denominator, out=undefined, where=denominator != 0)
    return ratio
