"""Measures of probabilities, against plain loops and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import log_loss

from pneumoscope.statistics import calibration_measures, equal_mass_bins, reliability

TIED = st.integers(0, 8).map(lambda k: k / 8)
FREE = st.floats(0, 1, allow_subnormal=False)


@st.composite
def scores(draw):
    n = draw(st.integers(1, 120))
    return draw(arrays(bool, n)), draw(
        arrays(float, n, elements=draw(st.sampled_from([TIED, FREE])))
    )


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truths that are as frequent as their scores say."""
    rng = np.random.default_rng(seed)
    score = rng.beta(0.6, 0.6, n)
    return rng.random(n) < score, score


@given(scores())
def test_bins_hold_each_image_once_in_order_and_never_part_ties(case):
    _, score = case
    bins = equal_mass_bins(score)
    assert set(bins) == set(range(bins.max() + 1))
    order = np.argsort(score)
    assert (np.diff(bins[order]) >= 0).all()
    for value in np.unique(score):
        assert len(set(bins[score == value])) == 1


SIZES = [(1, 1), (19, 1), (40, 2), (199, 9), (200, 10), (5000, 10)]


@pytest.mark.parametrize(("n", "bins"), SIZES)
def test_bins_are_of_equal_size(n, bins):
    counts = np.bincount(equal_mass_bins(np.random.default_rng(n).random(n)))
    assert len(counts) == bins
    assert np.ptp(counts) <= 1


@given(scores())
def test_measures_are_those_of_a_plain_loop(case):
    truth, score = case
    found = calibration_measures(truth, score, np.ones((1, len(score))))
    bins = equal_mass_bins(score)
    ece = sum(
        (bins == b).mean() * abs(score[bins == b].mean() - truth[bins == b].mean())
        for b in range(bins.max() + 1)
    )
    assert found["ece"][0] == pytest.approx(ece, abs=1e-9)
    assert found["brier"][0] == pytest.approx(((score - truth) ** 2).mean())
    kept = np.clip(score, 2.0**-23, 1 - 2.0**-23)
    assert found["log_loss"][0] == pytest.approx(log_loss(truth, kept, labels=[False, True]))


@given(scores())
def test_a_weight_is_a_number_of_copies_in_the_same_bins(case):
    truth, score = case
    copies = np.random.default_rng(len(score)).integers(0, 3, len(score))
    copies[0] = 1
    bins = reliability(truth, score, copies[None].astype(float))
    numbers = np.repeat(equal_mass_bins(score), copies)
    for b in set(numbers):
        assert bins.mass[0, b] == (numbers == b).sum()
        repeated = np.repeat(truth, copies)[numbers == b]
        assert bins.observed[0, b] == pytest.approx(repeated.mean())
    found = calibration_measures(truth, score, copies[None].astype(float))
    kept = np.repeat((score - truth) ** 2, copies)
    assert found["brier"][0] == pytest.approx(kept.mean())


def test_right_probabilities_have_a_small_error_and_wrong_ones_a_large_one():
    truth, score = drawn(20_000)
    ones = np.ones((1, len(score)))
    assert calibration_measures(truth, score, ones)["ece"][0] < 0.015
    # what is called 0.8 happens half the time
    halves, constant = np.arange(1000) % 2 == 0, np.full(1000, 0.8)
    wrong = calibration_measures(halves, constant, ones[:, :1000])
    assert wrong["ece"][0] == pytest.approx(0.3)


def test_nothing_has_no_measure():
    truth, score = drawn(50)
    found = calibration_measures(truth, score, np.zeros((1, 50)))
    assert np.isnan([value[0] for value in found.values()]).all()


def test_certain_and_wrong_is_a_large_but_finite_loss():
    loss = calibration_measures(np.array([True]), np.array([0.0]), np.ones((1, 1)))["log_loss"]
    assert 15 < loss[0] < 17
