"""Goals of a site are compared with intervals."""

from __future__ import annotations

import pytest

from pneumoscope.reporting.acceptance import Acceptance, Outcome, Reached, compare
from pneumoscope.types import Estimate

CASES = {
    (0.95, 0.91, 0.98): Outcome.SHOWN,
    (0.95, 0.90, 0.98): Outcome.SHOWN,
    (0.92, 0.85, 0.96): Outcome.OPEN,
    (0.85, 0.80, 0.90): Outcome.OPEN,
    (0.80, 0.70, 0.89): Outcome.MISSED,
    (1.0, None, None): Outcome.OPEN,
    (None, None, None): Outcome.OPEN,
}


@pytest.mark.parametrize("values", CASES)
def test_outcomes(values: tuple[float | None, float | None, float | None]) -> None:
    found = compare("sensitivity", 0.9, Estimate(*values), 50)
    assert found.outcome is CASES[values]
    above = values[0] is not None and values[0] > 0.9
    assert (found.needed is not None) == (found.outcome is Outcome.OPEN and above)


def test_the_worst_outcome_is_told() -> None:
    def test_of(*outcomes: Outcome) -> Acceptance:
        some = Estimate(0.9, 0.8, 0.95)
        names = ("sensitivity", "specificity")
        reached = [Reached(n, 0.9, some, 9, o) for n, o in zip(names, outcomes, strict=False)]
        return Acceptance(tuple(reached), "balanced", 20, None)

    assert test_of(Outcome.SHOWN, Outcome.SHOWN).statement == (
        "Accepted: the whole interval of sensitivity and specificity reaches the goal."
    )
    assert test_of(Outcome.SHOWN, Outcome.OPEN).statement.startswith(
        "Not shown: the interval of sp"
    )
    assert test_of(Outcome.OPEN, Outcome.MISSED).statement.startswith(
        "Not accepted: the goal of sp"
    )
