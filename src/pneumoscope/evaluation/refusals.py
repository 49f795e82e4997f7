"""The refusals of labelled images by the gate, and the accuracy on the images that are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.gate import GateLevels
from pneumoscope.notices import Notice
from pneumoscope.statistics import BoolArray, Estimate, FloatArray, Resampling

KEPT = np.linspace(0.1, 1.0, 91)
"""Fractions of the images kept at which a curve is measured; below .1 too few images are left."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The accuracy on the images that are left as others are refused.

    Attributes:
        accuracy: accuracy on each of the fractions `KEPT` of the images, shape (k,).
        low: lower end of its pointwise 95 % interval, shape (k,); NaN where not computable.
        high: upper end of its pointwise 95 % interval, shape (k,); NaN where not computable.
    """

    accuracy: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, eq=False)
class Refusals:
    """The refusals and warnings of the gate on a set of images.

    Attributes:
        reasons: number of refused images by code of the reason; an image may have several.
        warnings: number of accepted images by code of the warning; an image may have several.
        warned: number of accepted images with a warning.
        wrong: number of refused images that would have been misclassified.
        beyond: fraction of the images whose out-of-distribution score is beyond the level of
            refusal.
        curves: accuracy as more images are refused, by which are refused first: "unsure" or
            "unlike".
    """

    reasons: Mapping[str, int]
    warnings: Mapping[str, int]
    warned: int
    wrong: int
    beyond: Estimate
    curves: Mapping[str, Curve]


def measure_refusals(
    scored: ScoredImages, levels: GateLevels, resampling: Resampling
) -> Refusals | None:
    """Counts reasons, and measures accuracy as more and more images are refused.

    The accuracy-coverage curve is that of El-Yaniv and Wiener (J Mach Learn Res
    2010;11:1605-1641), with two orders: the images are refused first whose predicted class is
    the least probable, or those that lie farthest from the training images.

    Args:
        scored: all images, the refused ones among them.
        levels: levels of the gate.
        resampling: resamples of the patients.

    Returns:
        The counts and curves; None if the model can refuse nothing.
    """
    if scored.refused is None:
        return None
    refused, right = scored.refused, scored.predicted == scored.labels
    distances = np.array([np.inf if v.distance is None else v.distance for v in scored.judgements])
    beyond = {"beyond": (distances > levels.refuse.distance).astype(np.float64)}
    called = scored.probabilities[np.arange(len(right)), scored.predicted]
    warnings = [v.warnings for v, no in zip(scored.judgements, refused, strict=True) if not no]
    return Refusals(
        reasons=_count(judgement.reasons for judgement in scored.judgements),
        warnings=_count(warnings),
        warned=sum(map(bool, warnings)),
        wrong=int(np.count_nonzero(refused & ~right)),
        beyond=resampling.estimate_means(beyond, scored.patients, beyond)["beyond"],
        curves={
            name: _curve(scored, right, keep_first, resampling)
            for name, keep_first in (("unsure", called), ("unlike", -distances))
        },
    )


def accuracy_at(right: BoolArray, keep_first: FloatArray, weights: FloatArray) -> FloatArray:
    """Computes the accuracy on the images that are kept; of ties, an equal part of each is kept.

    Args:
        right: True for each image that is classified correctly, shape (n,).
        keep_first: rank of each image, shape (n,): the greater, the longer it is kept.
        weights: weight of each image, shape (r, n), not negative.

    Returns:
        Accuracy at each of `KEPT`, shape (r, k).
    """
    order = np.argsort(-keep_first, kind="stable")
    _, starts = np.unique(-keep_first[order], return_index=True)
    weights = weights[:, order]
    kept, hits = (
        np.cumsum(np.add.reduceat(each, starts, axis=1), axis=1)
        for each in (weights, weights * right[order])
    )
    wanted = KEPT * kept[:, -1:]
    rows = zip(wanted, kept, hits, strict=True)
    accuracy: FloatArray = np.stack(
        [np.interp(share, [0.0, *k], [0.0, *h]) / share for share, k, h in rows]
    )
    return accuracy


def _curve(
    scored: ScoredImages, right: BoolArray, keep_first: FloatArray, resampling: Resampling
) -> Curve:
    measure = partial(accuracy_at, right, keep_first)
    return Curve(measure(np.ones((1, len(right))))[0], *resampling.band(measure, scored.patients))


def _count(found: Iterable[tuple[Notice, ...]]) -> dict[str, int]:
    """Counts images by code, the most frequent first."""
    codes = Counter(code for each in found for code in sorted({reason.code for reason in each}))
    return dict(codes.most_common())
