"""A prevalence is found again by EM, and any other shift is not taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from pneumoscope.bundle import NEGATIVE, POSITIVE, bin_by_class
from pneumoscope.statistics import Bins, Resampling
from pneumoscope.statistics.prior_shift import estimate_prior_shift, likeliest_share

RESAMPLING = Resampling(400)


def scores(n: int, prevalence: float, seed: int, **changes: float):  # type: ignore[no-untyped-def]
    """Scores whose logits are two normal distributions; `apart` and `bias` may be changed."""
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < prevalence
    apart, bias = changes.get("apart", 2.0), changes.get("bias", 0.0)
    logits = rng.normal(np.where(positive, apart, -apart) + bias, changes.get("spread", 1.5))
    return expit(logits), positive, np.array([f"p{number}" for number in range(n)])


@pytest.fixture(scope="module")
def sides() -> tuple[Bins, Bins]:
    found = bin_by_class(*scores(800, 0.7, 0))
    return found[NEGATIVE], found[POSITIVE]


@pytest.mark.parametrize("prevalence", [0.1, 0.3, 0.5, 0.9])
def test_a_prior_shift_is_found_within_its_interval(
    prevalence: float, sides: tuple[Bins, Bins]
) -> None:
    local, positive, patients = scores(400, prevalence, 6)
    found = estimate_prior_shift(local, patients, *sides, RESAMPLING)
    assert found.prevalence.low < positive.mean() < found.prevalence.high
    assert found.prevalence.high - found.prevalence.low < 0.2
    assert found.p > 0.05
    assert sum(found.expected) == pytest.approx(sum(found.found)) == 400


@pytest.mark.parametrize(
    "change", [{"bias": 2.0}, {"apart": 0.7}, {"spread": 0.4}, {"apart": 5.0}, {"bias": -2.5}]
)
def test_another_shift_is_none_of_the_prevalence(
    change: dict[str, float], sides: tuple[Bins, Bins]
) -> None:
    local, _, patients = scores(400, 0.4, 2, **change)
    assert estimate_prior_shift(local, patients, *sides, RESAMPLING).p < 0.05


def test_a_prior_shift_is_rarely_declined(sides: tuple[Bins, Bins]) -> None:
    declined = 0
    for seed in range(40):
        reference = bin_by_class(*scores(500, 0.7, 1000 + seed))
        local, _, patients = scores(150, 0.3, seed)
        sides = reference[NEGATIVE], reference[POSITIVE]
        declined += estimate_prior_shift(local, patients, *sides, Resampling(200)).p < 0.05
    assert declined <= 5


def test_images_of_one_patient_count_once(sides: tuple[Bins, Bins]) -> None:
    local, _, patients = scores(100, 0.3, 3)
    alone = estimate_prior_shift(local, patients, *sides, RESAMPLING)
    several = estimate_prior_shift(np.tile(local, 5), np.tile(patients, 5), *sides, RESAMPLING)
    assert several.prevalence.value == pytest.approx(alone.prevalence.value, abs=1e-6)
    assert several.p == pytest.approx(alone.p)
    width = alone.prevalence.high - alone.prevalence.low
    assert several.prevalence.high - several.prevalence.low == pytest.approx(width, rel=0.05)


def test_the_share_is_where_em_ends() -> None:
    rng = np.random.default_rng(4)
    negative, positive = rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(6))
    counts = rng.integers(1, 50, 6).astype(float)
    share = 0.5
    for _ in range(20_000):  # Saerens et al., equation 2.8, with the posterior of each bin
        posterior = share * positive / (share * positive + (1 - share) * negative)
        share = (counts * posterior).sum() / counts.sum()
    assert likeliest_share(counts, negative, positive) == pytest.approx(share, abs=1e-6)


def test_scores_alike_or_too_few_are_not_kept_by_class() -> None:
    score, positive, patients = scores(200, 0.5, 5)
    assert bin_by_class(np.full(200, 0.5), positive, patients) == {}
    few = np.arange(200) < 24
    assert bin_by_class(score, few, patients) == {}
    kept = bin_by_class(score, np.arange(200) < 25, patients)
    assert kept[POSITIVE].patients == 25
    assert kept[POSITIVE].edges == kept[NEGATIVE].edges
