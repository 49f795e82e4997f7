"""Shift of the distribution of a quantity: quantile bins, and distances between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pneumoscope.statistics.arrays import BoolArray, FloatArray, IntArray

_BINS = 10  # deciles
_MIN_IN_BIN = 5  # images in each bin, so that no quantile is the value of one image
# Chi-squared of 1 to 9 degrees of freedom that is exceeded in 5 % of cases.
_CHANCE = (
    *(3.841458820694124, 5.991464547107979, 7.814727903251179),
    *(9.487729036781154, 11.070497693516351, 12.591587243743977),
    *(14.067140449340169, 15.507313055865453, 16.918977604620448),
)


@dataclass(frozen=True)
class Bins:
    """Distribution of a quantity in bins, without the values of single images.

    Attributes:
        edges: k - 1 inner edges of 2 to 10 bins, rising; an edge belongs to the bin below it.
        counts: number of images in each of the k bins.
        patients: number of patients whose images these are.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    patients: int

    def __post_init__(self) -> None:
        fits = 2 <= len(self.counts) <= _BINS and len(self.edges) == len(self.counts) - 1
        if not (fits and min(self.counts) >= 0 and 0 < self.patients <= sum(self.counts)):
            raise ValueError(f"{self} are no 2 to {_BINS} bins of images of patients")

    @classmethod
    def of_kind(cls, found: BoolArray, patients: int) -> Bins:
        """Counts the images that are not of a kind, and those that are: two bins, about 1/2.

        Args:
            found: True for each image of the kind, bool of shape (n,), n at least 1.
            patients: number of patients whose images these are.
        """
        return cls((0.5,), (int((~found).sum()), int(found.sum())), patients)

    @property
    def images_per_patient(self) -> float:
        """Mean number of images of a patient."""
        return sum(self.counts) / self.patients

    @property
    def fractions(self) -> FloatArray:
        """Fraction of the images in each bin, shape (k,), half an image being added to each."""
        return _fractions(np.asarray(self.counts, np.float64))

    @classmethod
    def of(cls, values: FloatArray, patients: int) -> Bins | None:
        """Summarises values by their deciles, or by fewer quantiles where there are few values.

        Args:
            values: value of each image, shape (n,).
            patients: number of patients whose images these are.

        Returns:
            The bins; None with fewer than ten images, or where nearly all values are the same.
        """
        k = min(_BINS, len(values) // _MIN_IN_BIN)
        if k < 2:
            return None
        quantiles = np.quantile(values, np.arange(1, k) / k)
        edges = tuple(sorted({float(f"{edge:.6g}") for edge in quantiles}))
        found = cls.at(edges, values, patients)
        # ties leave bins empty at either end; a single full bin has nothing to compare
        return found if sum(count > 0 for count in found.counts) > 1 else None

    @classmethod
    def at(cls, edges: tuple[float, ...], values: FloatArray, patients: int) -> Bins:
        """Counts values between given edges.

        Args:
            edges: k - 1 inner edges of 2 to 10 bins, rising.
            values: value of each image, shape (n,).
            patients: number of patients whose images these are.
        """
        return cls(edges, tuple(_count(edges, values).tolist()), patients)

    def rebin(self, values: FloatArray) -> IntArray:
        """Counts how many of other values, shape (n,), fall into each bin, shape (k,)."""
        return _count(self.edges, values)


@dataclass(frozen=True)
class Shift:
    """Shift of the distribution of a quantity against a reference.

    Attributes:
        psi: population stability index, 0 or more.
        chance: population stability index that is exceeded in 5 % of cases without any shift.
        ks: Kolmogorov-Smirnov distance at the edges of the bins, 0 to 1.
    """

    psi: float
    chance: float
    ks: float

    @property
    def reading(self) -> str:
        """Usual interpretation of the population stability index, in words."""
        if self.psi < 0.1:
            return "little"
        size = "moderate" if self.psi <= 0.25 else "large"
        return size if self.psi > self.chance else f"{size}, may be chance"


def measure_shift(reference: Bins, values: FloatArray, patients: int) -> Shift:
    """Measures the shift of values against a reference.

    The population stability index is the sum over the bins of the difference of the fractions
    times the difference of their logarithms (Siddiqi, Credit Risk Scorecards, 2006, who also gives
    the usual reading: below 0.1 little, to 0.25 moderate, above it large). Half an image is added
    to each bin of either side, so that an empty one is finite. Without a shift the index of n and m
    independent cases in k bins is 1/n + 1/m times a chi-squared variable of k - 1 degrees of
    freedom (Yurdakul and Naranjo, J Risk Model Validation 2020;14(4):89-100); here the cases are
    the patients.

    The Kolmogorov-Smirnov distance is the greatest difference of the cumulative fractions. Known
    at the edges of the bins only, it can be too small by at most the fraction in a bin of the
    reference.

    Args:
        reference: bins of the quantity in the reference images.
        values: value of each of the n >= 1 images to be compared, shape (n,).
        patients: number of patients whose images these are.
    """
    return compare_counts(reference, reference.rebin(values), patients)


def compare_counts(reference: Bins, counts: IntArray, patients: float) -> Shift:
    """Measures a shift as `measure_shift`, from what is counted in each bin, shape (k,)."""
    old, new = reference.fractions, _fractions(counts.astype(np.float64))
    before = np.cumsum(reference.counts) / sum(reference.counts)
    distance = np.abs(np.cumsum(counts) / counts.sum() - before)
    return Shift(
        psi=float(((new - old) * np.log(new / old)).sum()),
        chance=_CHANCE[len(counts) - 2] * (1 / patients + 1 / reference.patients),
        ks=float(distance.max()),
    )


def _fractions(counts: FloatArray) -> FloatArray:
    fractions: FloatArray = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return fractions


def _count(edges: tuple[float, ...], values: FloatArray) -> IntArray:
    bins = np.searchsorted(edges, values, side="left")
    return np.bincount(bins, minlength=len(edges) + 1).astype(np.int64)
