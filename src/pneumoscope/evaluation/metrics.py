"""The measures of a model, each written once for any number of weightings of the images.

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
    calibration_measures,
    cumulative,
    ratio,
)
from pneumoscope.task import called_positive, is_positive

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
    "log_loss": "log-loss",
    "ece": "ECE",
}
"""Title of each measure, for people, by its name."""

LESS_IS_BETTER = {"brier", "log_loss", "ece"}
"""Names of the metrics that measure an error."""


def binary_metrics(
    truth: BoolArray, called: BoolArray, score: FloatArray, weights: FloatArray
) -> dict[str, FloatArray]:
    """Computes the measures of one class against the rest.

    Sensitivity is also known as recall, PPV as precision. F1 is their harmonic mean, and so is
    not defined where sensitivity is not. Average precision is the sum of precision times the step
    in recall, without interpolation, as scikit-learn defines it.

    Args:
        truth: True for each image of the class, shape (n,).
        called: True for each image predicted to be of the class, shape (n,).
        score: probability of the class, in [0, 1], shape (n,).
        weights: weight of each image, shape (r, n), not negative.

    Returns:
        By name `sensitivity`, `specificity`, `ppv`, `npv`, `f1`, `auroc` and `average_precision`:
        float64 of shape (r,), NaN where not defined.
    """
    # n x 4 columns, so that one matrix product makes all the sums
    columns = np.column_stack([truth & called, ~truth & called, truth & ~called, ~truth & ~called])
    tp, fp, fn, tn = (weights @ columns.astype(np.float64)).T
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
    }


def all_metrics(scored: ScoredImages, weights: FloatArray) -> dict[str, FloatArray]:
    """Computes all measures of a set.

    Accuracy and balanced accuracy are over all classes, the others of the positive side against
    the reference class. Balanced accuracy is the mean of the recalls of all classes, and not
    defined where one of them has no image.

    Args:
        scored: the n labelled images.
        weights: weight of each image, shape (r, n), not negative.

    Returns:
        `accuracy`, `balanced_accuracy`, and what `binary_metrics` and `calibration_measures`
        return: float64 of shape (r,).
    """
    return measure_images(
        scored.labels, scored.predicted, scored.score, len(scored.classes), weights
    )


def measure_images(
    labels: IntArray, predicted: IntArray, score: FloatArray, classes: int, weights: FloatArray
) -> dict[str, FloatArray]:
    """Computes what `all_metrics` does, of images that may have been scored by several models.

    Args:
        labels: true class of each image, shape (n,).
        predicted: predicted class of each image, shape (n,).
        score: probability of the positive side, in [0, 1], shape (n,).
        classes: number of classes.
        weights: weight of each image, shape (r, n), not negative.
    """
    positive = is_positive(labels)
    members = (labels[:, None] == np.arange(classes)).astype(np.float64)
    right = members * (labels == predicted)[:, None]
    total_by_class, right_by_class = weights @ members, weights @ right  # (r, c)
    return {
        "accuracy": ratio(right_by_class.sum(axis=1), total_by_class.sum(axis=1)),
        "balanced_accuracy": ratio(right_by_class, total_by_class).mean(axis=1),
        **binary_metrics(positive, is_positive(predicted), score, weights),
        **calibration_measures(positive, score, weights),
    }


def binary_denominators(truth: BoolArray, called: BoolArray) -> dict[str, BoolArray]:
    """Lists the proportions of images among the measures of one class against the rest.

    Args:
        truth: True for each image of the class, shape (n,).
        called: True for each image predicted to be of the class, shape (n,).

    Returns:
        True for each image in the denominator, shape (n,), by name of the measure.
    """
    return {"sensitivity": truth, "specificity": ~truth, "ppv": called, "npv": ~called}


def all_denominators(labels: IntArray, predicted: IntArray) -> dict[str, BoolArray]:
    """Lists the proportions of images among all measures of a set, as `binary_denominators`.

    Args:
        labels: true class of each image, shape (n,).
        predicted: predicted class of each image, shape (n,).
    """
    return {
        "accuracy": np.ones(len(labels), np.bool_),
        **binary_denominators(is_positive(labels), is_positive(predicted)),
    }


def confusion_matrix(scored: ScoredImages) -> IntArray:
    """Counts images by true class (rows) and predicted class (columns), int64 of shape (c, c)."""
    c = len(scored.classes)
    pairs = scored.labels * c + scored.predicted
    return np.bincount(pairs, minlength=c * c).reshape(c, c).astype(np.int64)


def roc_curve(
    truth: BoolArray, score: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Computes the corners of the receiver operating characteristic, from (0, 0) to (1, 1).

    Args:
        truth: True for each positive image, shape (n,).
        score: score of each image, shape (n,).
        weights: weight of each image, shape (r, n), not negative.

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
    """Computes recall and precision at every distinct score, from the highest score down.

    Args:
        truth: True for each positive image, shape (n,).
        score: score of each image, shape (n,).

    Returns:
        Recall and precision, each of shape (k,); recall is NaN if there is no positive.
    """
    counts = cumulative(truth, score, np.ones((1, len(score))))
    tp, fp = counts.true_positives[0], counts.false_positives[0]
    return ratio(tp, tp[-1:]), ratio(tp, tp + fp)


def net_benefit(
    truth: BoolArray, score: FloatArray, thresholds: FloatArray, weights: FloatArray
) -> FloatArray:
    """Computes the net benefit of acting on a score, in true positives per image.

    Whoever acts from a probability t up holds a false positive to be t / (1 - t) as bad as a true
    positive is good: false positives are weighed by that (Vickers and Elkin, Med Decis Making
    2006;26:565-574).

    Args:
        truth: True for each positive image, shape (n,).
        score: probability of the positive side, in [0, 1], shape (n,).
        thresholds: the probabilities t, in [0, 1), shape (k,).
        weights: weight of each image, shape (r, n), not negative.

    Returns:
        Net benefit, shape (r, k): at most the prevalence, below 0 where acting on no image is
        better; NaN where all weights are 0.
    """
    worth = np.where(truth[:, None], 1.0, -thresholds / (1 - thresholds))  # (n, k)
    called = called_positive(score[:, None], thresholds)
    return ratio(weights @ (worth * called), weights.sum(axis=1, keepdims=True))


def _average_precision(counts: Cumulative) -> FloatArray:
    tp, fp = counts.true_positives, counts.false_positives
    # where no image is called positive yet, recall makes no step: any precision will do
    precision = np.divide(tp, tp + fp, out=np.zeros_like(tp), where=tp + fp > 0)
    return ratio(np.einsum("rk,rk->r", np.diff(tp, axis=1, prepend=0.0), precision), tp[:, -1])
