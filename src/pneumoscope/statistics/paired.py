"""Paired tests of two models on the same images, which they take for independent."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from pneumoscope.statistics.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class DeLong:
    """The difference of two areas under the ROC curve, second less first.

    Attributes:
        difference: difference of the areas.
        standard_error: standard error of the difference.
        p: two-sided p-value for equal areas.
    """

    difference: float
    standard_error: float
    p: float


@dataclass(frozen=True)
class McNemar:
    """Numbers of images that only one of two models classifies correctly.

    Attributes:
        only_first: number of images that the first model alone classifies correctly.
        only_second: number of images that the second model alone classifies correctly.
        p: exact two-sided p-value for equal accuracy of both models.
    """

    only_first: int
    only_second: int
    p: float


def delong(truth: BoolArray, first: FloatArray, second: FloatArray) -> DeLong | None:
    """Tests whether two correlated ROC curves have the same area.

    The variance is that of DeLong, DeLong and Clarke-Pearson (Biometrics 1988;44:837-845), of the
    difference of the two models' structural components, and the difference over its standard
    error is taken to be normal. Images are assumed to be independent: with several of one patient
    the standard error comes out wrong, as a rule too small.

    Args:
        truth: ground truth, True for positive images, shape (n,).
        first: score of the first model, higher being more positive, shape (n,).
        second: score of the second model, shape (n,).

    Returns:
        The test; None with fewer than two positive or two negative images, or where the variance
        is zero, as it is if both models put the images in the same order.
    """
    if min(np.count_nonzero(truth), np.count_nonzero(~truth)) < 2:
        return None
    of_positives, of_negatives = (
        after - before
        for before, after in zip(_components(truth, first), _components(truth, second), strict=True)
    )
    variance = of_positives.var(ddof=1) / len(of_positives)
    variance += of_negatives.var(ddof=1) / len(of_negatives)
    error = sqrt(variance)
    if error < 1e-12:  # less is rounding
        return None
    difference = float(of_positives.mean())
    return DeLong(difference, error, erfc(abs(difference) / error / sqrt(2)))


def _components(truth: BoolArray, score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Computes DeLong's structural components of the positive and of the negative images.

    For a positive image it is the fraction of negative ones with a lower score, for a negative
    image the fraction of positive ones with a higher score. A tie counts one half.
    """
    positives, negatives = score[truth], score[~truth]
    return _fraction_below(positives, negatives), _fraction_below(-negatives, -positives)


def _fraction_below(values: FloatArray, others: FloatArray) -> FloatArray:
    ranked = np.sort(others)
    below = np.searchsorted(ranked, values, side="left")
    not_above = np.searchsorted(ranked, values, side="right")
    fraction: FloatArray = (below + not_above) / (2 * len(ranked))
    return fraction


def mcnemar(first_right: BoolArray, second_right: BoolArray) -> McNemar | None:
    """Tests whether two models have the same accuracy, on the images that only one gets right.

    McNemar's test (Psychometrika 1947;12:153-157) in its exact form, a binomial test of one half.
    Images are assumed to be independent.

    Args:
        first_right: True for images that the first model classifies correctly, shape (n,).
        second_right: True for images that the second model classifies correctly, shape (n,).

    Returns:
        The test; None if both models are correct on the very same images.
    """
    from scipy.stats import binomtest  # half a second to import

    only_first = int(np.count_nonzero(first_right & ~second_right))
    only_second = int(np.count_nonzero(~first_right & second_right))
    if only_first + only_second == 0:
        return None
    p = binomtest(only_first, only_first + only_second).pvalue
    return McNemar(only_first, only_second, float(p))
