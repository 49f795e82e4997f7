"""Width of bootstrap intervals of few patients, against the exact ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from pneumoscope.statistics import FEW_PATIENTS

# patients, by how much a percentile interval of a mean is too short
TOO_SHORT = ((5, 0.37), (10, 0.18), (FEW_PATIENTS, 0.09))


@pytest.mark.parametrize(("patients", "share"), TOO_SHORT)
def test_intervals_of_few_patients_are_too_short(patients: int, share: float) -> None:
    percentile = norm.ppf(0.975) * np.sqrt((patients - 1) / patients)
    assert 1 - percentile / t.ppf(0.975, patients - 1) == pytest.approx(share, abs=0.005)
