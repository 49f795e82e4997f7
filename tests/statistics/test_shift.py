"""Quantile bins and the distances between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from pneumoscope.statistics import Bins, Shift, measure_shift


def normal(n, mean=0.0, seed=0):
    return np.random.default_rng(seed).normal(mean, 1, n)


def test_deciles_hold_a_tenth_each():
    bins = Bins.of(normal(1000), 400)
    assert len(bins.edges) == 9
    assert bins.counts == (100,) * 10
    assert bins.patients == 400


@pytest.mark.parametrize(("n", "k"), [(9, None), (10, 2), (14, 2), (35, 7), (50, 10), (999, 10)])
def test_five_images_stand_behind_each_quantile(n, k):
    bins = Bins.of(np.arange(n, dtype=np.float64), n)
    if k is None:
        assert bins is None
    else:
        assert len(bins.counts) == k
        assert min(bins.counts) >= 5


def test_ties_share_a_bin():
    bins = Bins.of(np.concatenate([np.zeros(700), np.arange(1, 301)]), 1000)
    assert bins.counts[0] == 700
    assert sum(bins.counts) == 1000


def test_what_is_all_alike_cannot_be_divided():
    assert Bins.of(np.full(100, 3.0), 100) is None


def test_index_and_distance_by_hand():
    reference = Bins((0.5,), (60, 40), 100)
    found = measure_shift(reference, np.array([0.0] * 20 + [1.0] * 80), 100)
    old, new = np.array([60.5, 40.5]) / 101, np.array([20.5, 80.5]) / 101
    assert found.psi == pytest.approx(((new - old) * np.log(new / old)).sum())
    assert found.ks == pytest.approx(0.4)
    assert found.chance == pytest.approx(3.8415 * 0.02, abs=1e-5)  # chi-squared, 1 degree


def test_no_shift_stays_below_chance_nineteen_times_in_twenty():
    rng = np.random.default_rng(4)
    found = [
        measure_shift(Bins.of(rng.normal(size=400), 400), rng.normal(size=300), 300)
        for _ in range(400)
    ]
    above = np.mean([shift.psi > shift.chance for shift in found])
    assert 0.02 < above < 0.09


@given(st.floats(-3, 3), st.integers(20, 300))
def test_distance_is_at_most_a_bin_too_small(mean, n):
    before, after = normal(500, seed=1), normal(n, mean, seed=2)
    found = measure_shift(Bins.of(before, 500), after, n)
    exact = ks_2samp(before, after).statistic
    assert found.ks <= exact + 1e-12
    assert exact <= found.ks + 0.1 + 1e-12


def test_values_beyond_all_bins_are_finite():
    found = measure_shift(Bins.of(normal(500), 500), np.full(40, 1e9), 40)
    assert np.isfinite(found.psi)
    assert found.ks == pytest.approx(0.9)
    assert found.reading == "large"


READINGS = [
    (Shift(0.05, 0.01, 0.1), "little"),
    (Shift(0.1, 0.05, 0.1), "moderate"),
    (Shift(0.25, 0.05, 0.1), "moderate"),
    (Shift(0.26, 0.05, 0.1), "large"),
    (Shift(0.2, 0.3, 0.1), "moderate, may be chance"),
    (Shift(0.3, 0.3, 0.1), "large, may be chance"),
]


@pytest.mark.parametrize(("shift", "reading"), READINGS)
def test_usual_reading(shift, reading):
    assert shift.reading == reading
