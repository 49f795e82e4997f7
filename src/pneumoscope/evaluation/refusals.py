"""What the gate says of labelled images, and how often a model is right on those that are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.gate import GateLevels
from pneumoscope.graph import FEATURES
from pneumoscope.notices import Notice
from pneumoscope.statistics import BoolArray, Estimate, FloatArray, Resampling

KEPT = np.linspace(0.1, 1.0, 91)
"""Shares of the images that are kept, at which a curve is measured: of fewer it says nothing."""


@dataclass(frozen=True, eq=False)
class Curve:
    """How often a model is right on the images that are left as others are refused.

    Attributes:
        accuracy: on the share `KEPT` of the images, shape (k,).
        low: lower end of its pointwise 95 % interval; NaN where it cannot be computed.
        high: upper end.
    """

    accuracy: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, eq=False)
class Refusals:
    """What the gate says of the images of a set.

    Attributes:
        reasons: by code, the number of images that are refused for it; an image may
            have several.
        warnings: likewise, the number of accepted images that are warned of.
        warned: number of accepted images with a warning.
        wrong: number of refused images that would have been called wrong.
        beyond: "warn" and "refuse": share of the images beyond this level of the features.
        curves: by what images are refused first, "unsure" or "unlike".
    """

    reasons: Mapping[str, int]
    warnings: Mapping[str, int]
    warned: int
    wrong: int
    beyond: Mapping[str, Estimate]
    curves: Mapping[str, Curve]


def measure_refusals(
    scored: ScoredImages, levels: GateLevels, resampling: Resampling
) -> Refusals | None:
    """Counts reasons, and measures accuracy as more and more images are refused.

    The accuracy-coverage curve is that of El-Yaniv and Wiener (J Mach Learn Res
    2010;11:1605-1641), with two orders: the images are refused first whose called class is the
    least probable, or those that lie farthest from the training images.

    Args:
        scored: all images, the refused ones among them.
        levels: of the gate.
        resampling: of the patients.

    Returns:
        The counts and curves; None if the model can refuse nothing.
    """
    if scored.refused is None:
        return None
    refused, right = scored.refused, scored.predicted == scored.labels
    distances = np.array([np.inf if v.distance is None else v.distance for v in scored.judgements])
    beyond = {
        name: (distances > level.distance).astype(np.float64)
        for name, level in (("warn", levels.warn[FEATURES]), ("refuse", levels.refuse))
    }
    called = scored.probabilities[np.arange(len(right)), scored.predicted]
    warnings = [v.warnings for v, no in zip(scored.judgements, refused, strict=True) if not no]
    return Refusals(
        reasons=_count(judgement.reasons for judgement in scored.judgements),
        warnings=_count(warnings),
        warned=sum(map(bool, warnings)),
        wrong=int(np.count_nonzero(refused & ~right)),
        beyond=resampling.estimate_means(beyond, scored.patients),
        curves={
            name: _curve(scored, right, keep_first, resampling)
            for name, keep_first in (("unsure", called), ("unlike", -distances))
        },
    )


def accuracy_at(right: BoolArray, keep_first: FloatArray, weights: FloatArray) -> FloatArray:
    """Share of right calls among the images that are kept; of ties, an equal part of each.

    Args:
        right: whether each image is called what it is, shape (n,).
        keep_first: the greater, the longer an image is kept, shape (n,).
        weights: of each image, shape (r, n), not negative.

    Returns:
        Shape (r, k), at each of `KEPT`.
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
    """Images by code, the most frequent first."""
    codes = Counter(code for each in found for code in sorted({reason.code for reason in each}))
    return dict(codes.most_common())
