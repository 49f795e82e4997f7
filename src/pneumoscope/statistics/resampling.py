"""Estimates with 95 % confidence intervals from a bootstrap of patients."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pneumoscope.defaults import RESAMPLES, SEED
from pneumoscope.errors import out_of_range
from pneumoscope.statistics.arrays import BoolArray, FloatArray, IntArray, StrArray
from pneumoscope.statistics.proportion import estimate_unanimous
from pneumoscope.statistics.ranking import known_mean
from pneumoscope.types import Estimate

Measure = Callable[[FloatArray], dict[str, FloatArray]]
"""Function that takes image weights, shape (r, n), and returns values by name, shape (r, ...)."""

_PERCENTILES = (2.5, 97.5)
_MAX_UNDEFINED = 0.05
_MIN_WIDTH = 1e-12  # less is rounding: all resamples agree
_CHUNK_ELEMENTS = 500_000  # 4 MB an array of weights: some ten of them are alive at a time
_KEPT_ELEMENTS = 16_000_000  # 32 MB of counts in all; others are drawn each time


@dataclass(frozen=True)
class Resampling:
    """Bootstrap resamples of patients, drawn once for all measures on the same patients.

    Images of one patient are alike, so that images are not independent and patients are: each
    resample draws as many patients as there are, with replacement and regardless of class, and
    takes all images of each as often as the patient was drawn (Rutter, Acad Radiol
    2000;7:413-419; Field and Welsh, J R Stat Soc B 2007;69:369-390). The draw is not stratified:
    the prevalence varies from resample to resample, as it would from study to study.

    Attributes:
        resamples: number of resamples, at least 1.
        seed: seed of the random draw, at least 0.

    Raises:
        SettingsError: on construction, if a value is out of range.
    """

    resamples: int = RESAMPLES
    seed: int = SEED
    _drawn: dict[int, NDArray[np.uint16]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        for setting, value, least in (("resamples", self.resamples, 1), ("seed", self.seed, 0)):
            if value < least:
                raise out_of_range(setting, value, f"{least} or more")

    def __str__(self) -> str:
        return f"{self.resamples:,} resamples of patients, seed {self.seed}"

    @property
    def interval(self) -> str:
        """Description of the intervals, in words."""
        return f"95 %, {self}"

    def estimate(
        self,
        measure: Measure,
        patients: StrArray | IntArray,
        proportions: Mapping[str, BoolArray] | None = None,
    ) -> dict[str, Estimate]:
        """Estimates measures with 95 % percentile confidence intervals.

        The interval is from the 2.5th to the 97.5th percentile of the resamples (Efron and
        Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13); with few patients it is
        too narrow.

        There is no interval where more than 5 % of the resamples leave the measure undefined, as
        they do where a class that it needs has one or two patients among many; nor where all
        resamples agree (no error at all, or a single patient), since a width of zero would claim a
        certainty that nobody has; nor where the measure itself lies outside, as one may that is
        above 0 by chance alone, and that chance raises further in the resamples. A proportion of
        0 or 1 has an exact interval in place of that of the bootstrap (`estimate_unanimous`).

        Args:
            measure: function that takes image weights of shape (r, n), and returns values of shape
                (r,) by name.
            patients: key or number of the patient of each image, shape (n,).
            proportions: the measures that are proportions of images, by name: True for each image
                in the denominator, shape (n,).

        Returns:
            The estimates by the names that `measure` gives.
        """
        point = measure(np.ones((1, len(patients))))
        chunks = [measure(weights) for weights in self.weights(patients)]
        estimates = {}
        for name, (value,) in point.items():
            of = (proportions or {}).get(name)
            if of is not None and value in (0, 1):
                estimates[name] = estimate_unanimous(float(value), len(np.unique(patients[of])))
            else:
                estimates[name] = _estimate(value, np.concatenate([c[name] for c in chunks]))
        return estimates

    def estimate_means(
        self,
        values: Mapping[str, FloatArray],
        patients: StrArray,
        proportions: Collection[str] = (),
    ) -> dict[str, Estimate]:
        """Estimates means over images.

        Args:
            values: value of each image, shape (n,), by name; NaN where an image has none.
            patients: key of the patient of each image, shape (n,).
            proportions: names of the values that are 0 or 1, so that their means are proportions.

        Returns:
            The estimates by the names of the values.
        """
        return self.estimate(
            lambda weights: {name: known_mean(value, weights) for name, value in values.items()},
            patients,
            {name: np.isfinite(values[name]) for name in proportions},
        )

    def band(
        self, curve: Callable[[FloatArray], FloatArray], patients: StrArray
    ) -> tuple[FloatArray, FloatArray]:
        """Computes the pointwise 95 % percentile confidence interval of a curve.

        Args:
            curve: function that takes image weights of shape (r, n), and returns r curves of k
                points, shape (r, k).
            patients: key of the patient of each image, shape (n,).

        Returns:
            The lower and the upper end at each point, shape (k,); NaN where more than 5 % of the
            resamples leave it undefined.
        """
        low, high = _interval(np.concatenate([curve(w) for w in self.weights(patients)]))
        return low, high

    def weights(self, patients: StrArray | IntArray) -> Iterator[FloatArray]:
        """Weighs images by the resamples, in chunks that keep memory small.

        Args:
            patients: key or number of the patient of each image, shape (n,).

        Yields:
            Number of times that the patient of each image was drawn, float64 of shape (r, n). The
            r of all chunks add up to `resamples`, and the draws do not depend on their size.
        """
        keys, codes = np.unique(patients, return_inverse=True)
        rows = max(1, _CHUNK_ELEMENTS // len(codes))
        for counts in self._counts(len(keys), rows):
            yield counts.astype(np.float64)[:, codes]

    def _counts(self, patients: int, rows: int) -> Iterator[NDArray[np.integer]]:
        """Counts how often each patient is drawn, in chunks of `rows` resamples."""
        if patients not in self._drawn:
            if self.resamples * (patients + sum(self._drawn)) > _KEPT_ELEMENTS:
                yield from _draw(self.seed, self.resamples, patients, rows)
                return
            chunks = _draw(self.seed, self.resamples, patients, rows)
            self._drawn[patients] = np.concatenate([chunk.astype(np.uint16) for chunk in chunks])
        drawn = self._drawn[patients]
        yield from (drawn[start : start + rows] for start in range(0, len(drawn), rows))


def _draw(seed: int, resamples: int, patients: int, rows: int) -> Iterator[NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, rows):
        r = min(rows, resamples - start)
        drawn = rng.integers(patients, size=(r, patients)) + patients * np.arange(r)[:, None]
        yield np.bincount(drawn.ravel(), minlength=r * patients).reshape(r, patients)


def _estimate(value: float, replicates: FloatArray) -> Estimate:
    low, high = _interval(replicates)
    known = np.isfinite(value)
    inside = low - _MIN_WIDTH <= value <= high + _MIN_WIDTH  # false where one is NaN
    bounded = known and inside and high - low > _MIN_WIDTH
    return Estimate(
        float(value) if known else None,
        float(low) if bounded else None,
        float(high) if bounded else None,
    )


def _interval(replicates: FloatArray) -> FloatArray:
    """Computes the ends of the 95 % percentile interval.

    Args:
        replicates: value of a measure on each resample, float64 of shape (r, ...).

    Returns:
        Lower and upper end, shape (2, ...); NaN where too few replicates are defined.
    """
    undefined = np.isnan(replicates).mean(axis=0)
    usable = undefined <= _MAX_UNDEFINED
    filled = np.where(usable, replicates, 0.0)
    ends = np.nanpercentile(filled, _PERCENTILES, axis=0)
    return np.where(usable, ends, np.nan)
