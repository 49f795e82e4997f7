"""What was gained is measured on patients that nothing was fitted to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from pneumoscope.site.gain import LESS_IS_BETTER, Gain, halves, measure_gain
from pneumoscope.site.labelled import fit_site
from pneumoscope.statistics import Resampling
from pneumoscope.training.calibrate import ValidationScores
from pneumoscope.types import Estimate, OperatingPoint
from tests.site.conftest import FITTED

RESAMPLING = Resampling(200)


def drawn(patients: int, seed: int, slope: float = 1.0, bias: float = 0.0) -> ValidationScores:
    """Scores of two images of each patient; with slope 1 and no bias they are right."""
    rng = np.random.default_rng(seed)
    logit = np.repeat(rng.normal(0, 2, patients), 2)
    labels = np.repeat(rng.random(patients) < 1 / (1 + np.exp(-logit[::2])), 2).astype(np.int64)
    given = np.column_stack([np.zeros_like(logit), slope * logit + bias])
    keys = np.repeat([f"p{number}" for number in range(patients)], 2)
    return ValidationScores.of_one_source(labels, softmax(given, axis=1), keys)


def test_no_patient_is_measured_by_what_was_fitted_to_him() -> None:
    scores = drawn(80, 0)
    fitted: list[set[str]] = []

    def spy(part: ValidationScores, *, seed: int):  # type: ignore[no-untyped-def]
        fitted.append(set(part.patients))
        return FITTED, (OperatingPoint(),)

    measure_gain(scores, 0.5, spy, RESAMPLING, divisions=3)
    everybody = set(scores.patients)
    assert len(fitted) == 6
    for first, second in zip(fitted[::2], fitted[1::2], strict=True):
        # the two fits are of halves that share nobody, and each measures the other half
        assert not first & second
        assert first | second == everybody


def test_figures_of_a_half_are_those_of_the_fit_to_the_other() -> None:
    """Each fit calls by the patients that it knows: on its own it would be always right."""
    scores = drawn(80, 1)
    given = replace(scores, probabilities=np.full((160, 2), 0.5))
    halves_of = next(halves(scores.labels == 1, scores.patients, 1, RESAMPLING.seed))

    def call_first_half_positive(part: ValidationScores, *, seed: int):  # type: ignore[no-untyped-def]
        is_first = part.patients[0] in set(scores.patients[halves_of])
        return FITTED, (OperatingPoint(threshold=0.0 if is_first else 1.0),)

    found = measure_gain(given, 0.5, call_first_half_positive, RESAMPLING, divisions=1)
    called = ~halves_of  # by what was fitted to the first half
    assert found["sensitivity"].after.value == pytest.approx(called[scores.labels == 1].mean())
    assert found["specificity"].after.value == pytest.approx((~called)[scores.labels == 0].mean())


def test_divisions_are_seeded_halves_with_both_sides() -> None:
    scores = drawn(61, 2)
    truth = scores.labels == 1
    again = [list(halves(truth, scores.patients, 4, seed)) for seed in (0, 0, 1)]
    assert np.array_equal(again[0], again[1])
    assert not np.array_equal(again[0], again[2])
    for first in again[0]:
        ill = [len(set(scores.patients[truth & side])) for side in (first, ~first)]
        well = [len(set(scores.patients[~truth & side])) for side in (first, ~first)]
        assert abs(ill[0] - ill[1]) <= 1
        assert abs(well[0] - well[1]) <= 2


def test_a_shift_is_mended_and_said_to_be() -> None:
    found = measure_gain(drawn(150, 3, slope=3, bias=4), 0.5, fit_site, RESAMPLING, divisions=3)
    assert found["log_loss"].direction == 1
    assert found["specificity"].direction == 1


def test_nothing_is_gained_where_probabilities_are_right() -> None:
    found = measure_gain(drawn(150, 5), 0.5, fit_site, RESAMPLING, divisions=3)
    assert found["log_loss"].direction == 0
    assert found["balanced_accuracy"].direction == 0


@pytest.mark.parametrize(
    ("low", "high", "less", "direction"),
    [
        (-2.0, -1.0, True, 1),
        (-2.0, -1.0, False, -1),
        (1.0, 2.0, True, -1),
        (1.0, 2.0, False, 1),
        (-1.0, 1.0, True, 0),
        (None, None, True, 0),
    ],
)
def test_direction(low: float, high: float, less: bool, direction: int) -> None:
    of = Estimate(0.0, low, high)
    assert Gain(of, of, of, less_is_better=less).direction == direction


def test_errors_are_less_is_better() -> None:
    assert LESS_IS_BETTER == ("log_loss", "brier", "ece")
