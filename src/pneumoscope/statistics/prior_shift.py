"""A shift of the prevalence alone: its estimate from unlabelled scores, and the test of that.

If only the prevalence differs between two places, so that the scores within each class are
distributed alike in both, the scores of the second are a mixture of the two distributions of the
first. The prevalence is the share of one of them; and if no share makes the mixture fit, more has
changed than the prevalence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from pneumoscope.statistics.arrays import FloatArray, StrArray
from pneumoscope.statistics.resampling import Resampling
from pneumoscope.statistics.shift import Bins
from pneumoscope.types import Estimate

_HALVINGS = 40  # of an interval of 1: the last is below the rounding of what is printed
_ENDS = (2.5, 97.5)


@dataclass(frozen=True)
class PriorShift:
    """The prevalence that unlabelled scores show, and whether it explains them.

    Attributes:
        prevalence: estimated fraction of positive images, in (0, 1).
        expected: number of images in each of the k bins at that prevalence.
        found: number of images in each bin.
        p: probability of scores that fit this badly or worse, if only the prevalence has changed.
    """

    prevalence: Estimate
    expected: tuple[float, ...]
    found: tuple[int, ...]
    p: float


def estimate_prior_shift(
    scores: FloatArray,
    patients: StrArray,
    negative: Bins,
    positive: Bins,
    resampling: Resampling,
) -> PriorShift:
    """Estimates the prevalence among unlabelled images, and tests whether only it has changed.

    The prevalence is the one of greatest likelihood, which the EM algorithm of Saerens, Latinne
    and Decaestecker (Neural Comput 2002;14:21-41) climbs to; here the posterior of an image is that
    of the bin of its score, which needs no probability to be calibrated. Its interval is from the
    2.5th to the 97.5th percentile of resamples of the patients, each with a new draw of the
    reference, which is a sample as well.

    The test compares the images in the bins with those that are expected (the likelihood ratio
    G², by patients and not by images), in a parametric bootstrap: as many patients are drawn of the
    fitted mixture, and as many of each side of the reference, and all is fitted anew (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, chapter 16). It sees what changes the
    distribution of the scores; a change that keeps them a mixture escapes it.

    Args:
        scores: score of each of the n >= 1 images, in [0, 1], shape (n,).
        patients: key of the patient of each image, shape (n,).
        negative: scores of the negative images of the reference, in k >= 3 bins.
        positive: scores of its positive images, in the same bins.
        resampling: resamples of the patients, and seed of all draws.
    """
    counts = negative.rebin(scores).astype(np.float64)
    n = len(np.unique(patients))
    likely = partial(likeliest_share, low=0.5 / n, high=1 - 0.5 / n)
    known = [_fractions(np.array(side.counts, np.float64)) for side in (negative, positive)]
    value = likely(counts, *known)
    rng = np.random.default_rng(resampling.seed)
    members = np.eye(len(counts))[np.searchsorted(negative.edges, scores, side="left")]
    local = np.concatenate([weights @ members for weights in resampling.weights(patients)])
    sides = (_redraw(rng, side, len(local)) for side in (negative, positive))
    low, high = np.percentile(likely(local, *sides), _ENDS)
    mixed = _mix(value, *known)
    drawn = rng.multinomial(n, mixed, len(local)).astype(np.float64)
    again = [_redraw(rng, side, len(local)) for side in (negative, positive)]
    off = _misfit(drawn, _mix(likely(drawn, *again), *again))
    observed = _misfit(counts * n / counts.sum(), mixed)
    return PriorShift(
        Estimate(float(value), float(min(low, value)), float(max(high, value))),
        tuple((mixed * counts.sum()).tolist()),
        tuple(counts.astype(int).tolist()),
        float((1 + (off >= observed).sum()) / (1 + len(off))),
    )


def likeliest_share(
    counts: FloatArray,
    negative: FloatArray,
    positive: FloatArray,
    *,
    low: float = 0.0,
    high: float = 1.0,
) -> FloatArray:
    """Finds the share of the positive distribution in a mixture that has the greatest likelihood.

    The likelihood is concave, so that its slope has one zero, which is found by halving: where EM
    ends, without its slow last steps.

    Args:
        counts: number of images in each bin, shape (..., k).
        negative: fraction of the negative images in each bin, above 0, shape (..., k).
        positive: fraction of the positive images in each bin, above 0, shape (..., k).
        low: least share.
        high: greatest share.

    Returns:
        float64 of shape (...).
    """
    shape = counts.shape[:-1]
    below, above = np.full(shape, low), np.full(shape, high)
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        slope = (counts * (positive - negative) / _mix(middle, negative, positive)).sum(axis=-1)
        below, above = np.where(slope > 0, middle, below), np.where(slope > 0, above, middle)
    share: FloatArray = (below + above) / 2
    return share


def _mix(share: FloatArray, negative: FloatArray, positive: FloatArray) -> FloatArray:
    of = np.asarray(share)[..., np.newaxis]
    mixed: FloatArray = (1 - of) * negative + of * positive
    return mixed


def _redraw(rng: np.random.Generator, side: Bins, times: int) -> FloatArray:
    """Draws as many patients of a side again, and returns the fractions, shape (times, k)."""
    fractions = _fractions(np.array(side.counts, np.float64))
    return _fractions(rng.multinomial(side.patients, fractions, times).astype(np.float64))


def _fractions(counts: FloatArray) -> FloatArray:
    """Computes the fraction of each bin, one image in all being divided among them (Perks).

    Half an image for each, as `Bins.fractions` adds, would be several images of a side that has
    few: it puts negative images where only positive ones were, and so lowers the prevalence.

    Args:
        counts: number of images in each bin, shape (..., k).
    """
    more = counts + 1 / counts.shape[-1]
    fractions: FloatArray = more / more.sum(axis=-1, keepdims=True)
    return fractions


def _misfit(counts: FloatArray, expected: FloatArray) -> FloatArray:
    """Computes G² of counts, shape (..., k), against expected fractions of the same shape."""
    fractions = counts / counts.sum(axis=-1, keepdims=True)
    logarithm = np.log(np.where(fractions > 0, fractions / expected, 1.0))
    misfit: FloatArray = 2 * (counts * logarithm).sum(axis=-1)
    return misfit
