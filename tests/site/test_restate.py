"""Thresholds and zones move with the odds, also those that other sources chose."""

from __future__ import annotations

import pytest

from pneumoscope.site.restate import restate_point
from pneumoscope.types import Estimate, OperatingPoint, SourceRates, Undecided

RATE = Estimate(0.9, 0.8, 1.0)


def test_all_thresholds_of_a_point_move_and_no_rate_does() -> None:
    zone = Undecided(0.25, 0.75, RATE, RATE)
    sources = (SourceRates("east", RATE, RATE, 0.75, RATE, RATE), SourceRates("west", RATE, RATE))
    point = restate_point(OperatingPoint("balanced", 0.5, RATE, RATE, zone, sources), 1 / 3)
    assert point.threshold == pytest.approx(0.25)
    assert point.undecided is not None
    assert (point.undecided.low, point.undecided.high) == pytest.approx((0.1, 0.5))
    assert point.sources[0].foreign_threshold == pytest.approx(0.5)
    assert point.sources[1].foreign_threshold is None
    assert point.sources[0].foreign_sensitivity == point.sensitivity == RATE
