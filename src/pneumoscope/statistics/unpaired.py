"""The difference of two measures on different patients."""

from __future__ import annotations

from math import hypot

from pneumoscope.types import Estimate, Method


def estimate_difference(before: Estimate, after: Estimate) -> Estimate:
    """Estimates a difference, second less first, with the 95 % interval that both intervals give.

    Newcombe's square-and-add (Stat Med 1998;17:873-890, method 10), for any two measures (Zou and
    Donner, Stat Med 2008;27:1693-1702): the squared distances of a value from the end of its
    interval add up as variances do. The estimates are taken for independent; where patients are
    in both, the interval is rather too wide.

    Args:
        before: estimate to compare with.
        after: the other estimate.

    Returns:
        The difference; without an interval where either has none, and without a value where
        either has none.
    """
    if before.value is None or after.value is None:
        return Estimate(None, None, None, Method.COMBINED)
    value = after.value - before.value
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return Estimate(value, None, None, Method.COMBINED)
    return Estimate(
        value,
        value - hypot(after.value - after.low, before.high - before.value),
        value + hypot(after.high - after.value, before.value - before.low),
        Method.COMBINED,
    )
