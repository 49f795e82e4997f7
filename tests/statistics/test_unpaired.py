"""The difference of two measures on different patients."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from pneumoscope.statistics import Estimate, estimate_difference
from pneumoscope.types import Method


def wilson(right: int, of: int) -> Estimate:
    interval = binomtest(right, of).proportion_ci(method="wilson")
    return Estimate(right / of, interval.low, interval.high)


@pytest.mark.parametrize(
    ("before", "after", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((0, 20), (5, 56), -0.0794, 0.1926),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ],
)
def test_intervals_are_those_that_were_published(
    before: tuple[int, int], after: tuple[int, int], low: float, high: float
) -> None:
    found = estimate_difference(wilson(*before), wilson(*after))
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-4)
    assert found.method is Method.COMBINED


@pytest.mark.parametrize("missing", [Estimate(None, None, None), Estimate(0.5, None, None)])
def test_without_both_intervals_there_is_none(missing: Estimate) -> None:
    some = Estimate(0.5, 0.4, 0.6)
    for found in (estimate_difference(missing, some), estimate_difference(some, missing)):
        assert (found.low, found.high) == (None, None)
        assert (found.value is None) == (missing.value is None)
