"""Measures of discrimination, each written once for any number of weightings of the images.

Every function takes image weights of shape (r, n), one row per weighting, and returns r values
at once. With a single row of ones they are the plain measures; with the rows of a bootstrap
(`pneumoscope.statistics`) they are its replicates. A measure whose denominator is zero is NaN.
"""

from __future__ import annotations

import numpy as np

from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import (
    BoolArray,
    Cumulative,
    FloatArray,
    IntArray,
    auroc,
    cumulative,
    ratio,
)

TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "f1": "F1",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "brier": "Brier",
}
"""For people, by name of the measure."""


def binary_metrics(
    truth: BoolArray, called: BoolArray, score: FloatArray, weights: FloatArray
) -> dict[str, FloatArray]:
    """Measures of one class against the rest.

    Sensitivity is also known as recall, PPV as precision. F1 is their harmonic mean, and so is
    not defined where sensitivity is not. Average precision is the sum of precision times the step
    in recall, without interpolation, as scikit-learn defines it. Brier is the mean squared
    difference of score and truth (Brier, Mon Weather Rev 1950;78:1-3).

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
    sensitivity = ratio(tp, tp + fn)
    counts = cumulative(truth, score, weights)
    return {
        "sensitivity": sensitivity,
        "specificity": ratio(tn, tn + fp),
        "ppv": ratio(tp, tp + fp),
        "npv": ratio(tn, tn + fn),
        "f1": np.where(np.isnan(sensitivity), np.nan, ratio(2 * tp, 2 * tp + fp + fn)),
        "auroc": auroc(counts),
        "average_precision": _average_precision(counts),
        "brier": ratio(squares, tp + fp + fn + tn),
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
        "accuracy": ratio(right_by_class.sum(axis=1), total_by_class.sum(axis=1)),
        "balanced_accuracy": ratio(right_by_class, total_by_class).mean(axis=1),
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
    false_positive_rate, sensitivity = ratio(tallies, np.where(totals.all(axis=0), totals, 0.0))
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
    return ratio(tp, tp[-1:]), ratio(tp, tp + fp)


def _average_precision(counts: Cumulative) -> FloatArray:
    tp, fp = counts.true_positives, counts.false_positives
    # where nothing is called yet there is no step in recall either: any precision will do
    precision = np.divide(tp, tp + fp, out=np.zeros_like(tp), where=tp + fp > 0)
    return ratio(np.einsum("rk,rk->r", np.diff(tp, axis=1, prepend=0.0), precision), tp[:, -1])
