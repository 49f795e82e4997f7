from __future__ import annotations

import pytest
from scipy.stats import binom, binomtest

from pneumoscope.errors import SettingsError
from pneumoscope.statistics.acceptance import patients_to_show, plan


def width(found: int, patients: int) -> float:
    interval = binomtest(found, patients).proportion_ci(0.95, method="exact")
    return float(interval.high - interval.low)


def test_numbers_are_the_least_that_brute_force_finds() -> None:
    found = plan(sensitivity=0.9, prevalence=0.5, width=0.2)
    whole = [n for n in range(10, 200, 10) if width(n * 9 // 10, n) <= 0.2]
    assert whole[0] - 10 < found.diseased <= whole[0]  # tens, where .9 is a whole number
    assert found.healthy == found.diseased


def test_consecutive_patients_hold_both_kinds_with_the_assurance() -> None:
    found = plan(sensitivity=0.9, prevalence=0.2, specificity=0.8, width=0.2, assurance=0.95)

    def assured(patients: int) -> float:
        counts = range(found.diseased, patients - found.healthy + 1)
        return sum(float(binom.pmf(k, patients, 0.2)) for k in counts)

    assert assured(found.consecutive) >= 0.95 > assured(found.consecutive - 1)


def test_close_to_the_formula_of_buderer() -> None:
    # Acad Emerg Med 1996;3:895-900: z^2 s (1 - s) / (half the width)^2, without exactness
    wald = 1.96**2 * 0.9 * 0.1 / 0.025**2
    assert wald < plan(sensitivity=0.9, prevalence=0.2, width=0.05).diseased < 1.1 * wald


@pytest.mark.parametrize(
    "wrong", [{"sensitivity": 1.0}, {"prevalence": 0.0}, {"width": 0.001}, {"assurance": 1.0}]
)
def test_impossible_numbers_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError) as raised:
        plan(**{"sensitivity": 0.9, "prevalence": 0.2, **wrong})
    assert next(iter(wrong)) in str(raised.value)


@pytest.mark.parametrize(("proportion", "least"), [(0.95, 0.9), (0.9, 0.8), (1.0, 0.9)])
def test_patients_to_show_are_the_least_whose_interval_begins_at_the_goal(
    proportion: float, least: float
) -> None:
    needed = patients_to_show(proportion, least)
    step = 20  # twentieths of which both proportions are whole numbers

    def low(patients: int) -> float:
        return float(binomtest(round(proportion * patients), patients).proportion_ci().low)

    shows = next(n for n in range(step, 2000, step) if low(n) >= least)
    assert shows - step < needed <= shows
