"""Estimates with 95 % intervals from a bootstrap over patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from pneumoscope.errors import SettingsError
from pneumoscope.statistics.arrays import FloatArray, StrArray
from pneumoscope.types import Estimate

Measure = Callable[[FloatArray], dict[str, FloatArray]]
"""Takes image weights of shape (r, n); returns by name one value per row, shape (r, ...)."""

RESAMPLES = 2000
_PERCENTILES = (2.5, 97.5)
_MAX_UNDEFINED = 0.05
_MIN_WIDTH = 1e-12  # less is rounding: all resamples agree
_CHUNK_ELEMENTS = 500_000  # 4 MB an array of weights: some ten of them are alive at a time


def bootstrap(
    measure: Measure, patients: StrArray, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """Estimates measures with percentile intervals from a bootstrap of whole patients.

    Images of one patient are alike, so that images are not independent and patients are: each
    resample draws as many patients as there are, with replacement and regardless of class, and
    takes all images of each as often as the patient was drawn (Rutter, Acad Radiol
    2000;7:413-419; Field and Welsh, J R Stat Soc B 2007;69:369-390). The draw is not stratified:
    the prevalence varies from resample to resample, as it would from study to study. The interval
    is from the 2.5th to the 97.5th percentile (Efron and Tibshirani, An Introduction to the
    Bootstrap, 1993, chapter 13); with few patients it is too narrow.

    There is no interval where more than 5 % of the resamples leave the measure undefined, as they
    do where a class that it needs has one or two patients among many; nor where all resamples
    agree (no mistake at all, or a single patient), since a width of zero would claim a certainty
    that nobody has; nor where the measure itself lies outside, as one may that is above 0 by
    chance, since the resamples then tell of more chance and not of the measure.

    Args:
        measure: takes image weights of shape (r, n), returns by name values of shape (r,).
        patients: key of the patient of each image, shape (n,).
        resamples: number of bootstrap resamples.
        seed: of the draw.

    Returns:
        The estimates by the names that `measure` gives.

    Raises:
        SettingsError: if `resamples` is below 1.
    """
    point = measure(np.ones((1, len(patients))))
    chunks = [measure(weights) for weights in patient_weights(patients, resamples, seed)]
    estimates = {}
    for name, value in point.items():
        low, high = interval(np.concatenate([chunk[name] for chunk in chunks]))
        known = np.isfinite(value[0])
        inside = low - _MIN_WIDTH <= value[0] <= high + _MIN_WIDTH  # false where one is NaN
        bounded = known and inside and high - low > _MIN_WIDTH
        estimates[name] = Estimate(
            float(value[0]) if known else None,
            float(low) if bounded else None,
            float(high) if bounded else None,
        )
    return estimates


def patient_weights(patients: StrArray, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Draws patients with replacement, in chunks that keep memory small.

    Args:
        patients: key of the patient of each image, shape (n,).
        resamples: number of resamples.
        seed: of the draw; the resamples do not depend on the size of the chunks.

    Yields:
        Float64 of shape (r, n): how often the patient of each image was drawn. The r of all
        chunks add up to `resamples`.

    Raises:
        SettingsError: if `resamples` is below 1.
    """
    if resamples < 1:
        raise SettingsError(
            "The number of bootstrap resamples is out of range",
            expected="1 or more, 2000 as a rule",
            received=str(resamples),
        )
    keys, codes = np.unique(patients, return_inverse=True)
    k = len(keys)
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK_ELEMENTS // len(codes))
    for start in range(0, resamples, rows):
        r = min(rows, resamples - start)
        drawn = rng.integers(k, size=(r, k)) + k * np.arange(r)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=r * k).reshape(r, k)
        yield counts.astype(np.float64)[:, codes]


def interval(replicates: FloatArray) -> FloatArray:
    """The ends of the 95 % percentile interval.

    Args:
        replicates: a measure on each resample, float64 of shape (r, ...).

    Returns:
        Lower and upper end, shape (2, ...); NaN where too few replicates are defined.
    """
    undefined = np.isnan(replicates).mean(axis=0)
    usable = undefined <= _MAX_UNDEFINED
    filled = np.where(usable, replicates, 0.0)
    ends = np.nanpercentile(filled, _PERCENTILES, axis=0)
    return np.where(usable, ends, np.nan)
