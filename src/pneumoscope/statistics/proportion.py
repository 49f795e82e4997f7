"""The exact interval of a proportion without an exception."""

from __future__ import annotations

from pneumoscope.types import Estimate, Method

_TAIL = 0.025  # on either side of a 95 % interval


def estimate_unanimous(value: float, patients: int) -> Estimate:
    """Estimates a proportion of 0 or 1 with its exact 95 % confidence interval.

    No bootstrap gives one: all resamples agree. It is the interval of Clopper and Pearson
    (Biometrika 1934;26:404-413), whose inner end is then the `patients`-th root of 0.025, and
    whose outer end is the value itself. Patients are counted, and not images, of which those of
    one patient are alike. That is conservative: a patient counts whole, and the mean of the
    images of a patient is at least as close to `value`.

    Args:
        value: the proportion, 0 or 1.
        patients: number of patients whose images are in its denominator, at least 1.
    """
    reach = _TAIL ** (1 / patients)
    low, high = (reach, 1.0) if value == 1 else (0.0, 1 - reach)
    return Estimate(value, low, high, Method.EXACT)
