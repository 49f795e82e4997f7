"""The measures of all folds together have the intervals that those of one set have."""

from __future__ import annotations

import pytest

from pneumoscope.repeats.measure import pool_folds
from pneumoscope.types import Method
from tests.evaluation.conftest import scored_images


def test_a_pooled_proportion_without_a_mistake_has_its_exact_interval() -> None:
    found = pool_folds([scored_images(distance=50, seed=seed) for seed in (1, 2)])["sensitivity"]
    assert (found.value, found.high, found.method) == (1.0, 1.0, Method.EXACT)
    assert found.low == pytest.approx(0.025 ** (1 / 30))  # as many positive patients
