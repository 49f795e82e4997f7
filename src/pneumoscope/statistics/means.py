"""Means over images with intervals, and how alike two orders are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pneumoscope.statistics.arrays import FloatArray, StrArray
from pneumoscope.statistics.ranking import ratio
from pneumoscope.statistics.resampling import RESAMPLES, bootstrap
from pneumoscope.types import Estimate


def known_mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted means over the images whose value is known.

    Args:
        values: of each image, shape (n,) or (n, k); NaN where not known.
        weights: of each image, shape (r, n), not negative.

    Returns:
        Shape (r,) or (r, k); NaN where no image of any weight has a value.
    """
    known = np.isfinite(values)
    return ratio(weights @ np.where(known, values, 0.0), weights @ known.astype(np.float64))


def mean_estimates(
    values: Mapping[str, FloatArray],
    patients: StrArray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Means over images, with intervals from a bootstrap of patients.

    Args:
        values: by name one number for each image, shape (n,); NaN where it has none.
        patients: key of the patient of each image, shape (n,).
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    Returns:
        The estimates by the names of the values.
    """
    return bootstrap(
        lambda weights: {name: known_mean(value, weights) for name, value in values.items()},
        patients,
        resamples=resamples,
        seed=seed,
    )


def rank_correlation(first: FloatArray, second: FloatArray) -> FloatArray:
    """Spearman's rank correlation of the rows of two arrays, ties at their mean rank.

    Args:
        first: finite, shape (n, k).
        second: likewise.

    Returns:
        In [-1, 1], shape (n,); NaN where a row has no order, all of its values being the same.
    """
    from scipy.stats import rankdata  # half a second to import

    ranks = [rankdata(values, axis=1) for values in (first, second)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    together = np.einsum("nk,nk->n", centred[0], centred[1])
    spreads = [np.sqrt(np.einsum("nk,nk->n", rank, rank)) for rank in centred]
    return ratio(together, spreads[0] * spreads[1])
