"""A conformal threshold is exceeded with no more than the probability that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.statistics import upper_threshold


@given(st.integers(1, 400), st.sampled_from([0.01, 0.05, 0.2]))
def test_fraction_beyond_the_threshold(n: int, share: float) -> None:
    values = np.random.default_rng(n).permutation(n).astype(np.float64)
    threshold, holds = upper_threshold(values, share)
    # Of n + 1 cases in random order, the new one is beyond as often as its rank is.
    beyond = 1 - (np.count_nonzero(values <= threshold)) / (n + 1)
    assert holds == pytest.approx(beyond)
    assert holds <= max(share, 1 / (n + 1)) + 1e-12
