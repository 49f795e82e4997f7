"""Tests of two models on the same images. Both take every image for a case of its own."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from pneumoscope.statistics.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class DeLong:
    """The difference of two areas under the ROC curve, second less first.

    Attributes:
        difference: of the areas.
        standard_error: of the difference.
        p: two-sided, of no difference.
    """

    difference: float
    standard_error: float
    p: float


@dataclass(frozen=True)
class McNemar:
    """On how many images just one of two models was right.

    Attributes:
        only_first: images that the first model alone called right.
        only_second: images that the second model alone called right.
        p: two-sided, exact, of both being right equally often.
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
        truth: whether each image is positive, shape (n,).
        first: score of the first model, higher being more positive, shape (n,).
        second: score of the second model, shape (n,).

    Returns:
        The test; None with fewer than two images of a side, or where the variance is zero, as it
        is if both models put the images in the same order.
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
    """For each positive the share of negatives below it, for each negative that of positives above.

    A tie counts one half.
    """
    positives, negatives = score[truth], score[~truth]
    return _share_below(positives, negatives), _share_below(-negatives, -positives)


def _share_below(values: FloatArray, others: FloatArray) -> FloatArray:
    ranked = np.sort(others)
    below = np.searchsorted(ranked, values, side="left")
    not_above = np.searchsorted(ranked, values, side="right")
    share: FloatArray = (below + not_above) / (2 * len(ranked))
    return share


def mcnemar(first_right: BoolArray, second_right: BoolArray) -> McNemar | None:
    """Tests whether two models are right equally often, on the images on which just one is.

    McNemar's test (Psychometrika 1947;12:153-157) in its exact form, a binomial test of one half.
    Images are assumed to be independent.

    Args:
        first_right: whether the first model called each image right, shape (n,).
        second_right: the same of the second, shape (n,).

    Returns:
        The test; None if both are right on the very same images.
    """
    from scipy.stats import binomtest  # half a second to import

    only_first = int(np.count_nonzero(first_right & ~second_right))
    only_second = int(np.count_nonzero(~first_right & second_right))
    if only_first + only_second == 0:
        return None
    p = binomtest(only_first, only_first + only_second).pvalue
    return McNemar(only_first, only_second, float(p))
