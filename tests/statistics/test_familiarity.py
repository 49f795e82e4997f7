"""Distances are Mahalanobis distances, and thresholds hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.statistics import Familiarity, upper_threshold


def test_distance_is_that_to_the_nearest_class() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(3, 3))
    precision = mixing @ mixing.T
    means, features = rng.normal(size=(2, 3)), rng.normal(size=(5, 3))
    found = Familiarity(means.astype("f4"), mixing.astype("f4")).distances(features.astype("f4"))
    expected = [
        min(np.sqrt((x - mean) @ precision @ (x - mean) / 3) for mean in means) for x in features
    ]
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("means", "whitening"),
    [
        (np.zeros((1, 2)), np.eye(3)),
        (np.zeros(2), np.eye(2)),
        (np.zeros((0, 2)), np.eye(2)),
        (np.full((1, 2), np.nan), np.eye(2)),
    ],
)
def test_what_makes_no_distance(means: np.ndarray, whitening: np.ndarray) -> None:
    with pytest.raises(ValueError, match="do not make a distance"):
        Familiarity(means.astype("f4"), whitening.astype("f4"))


@given(st.integers(1, 400), st.sampled_from([0.01, 0.05, 0.2]))
def test_share_beyond_the_threshold(n: int, share: float) -> None:
    values = np.random.default_rng(n).permutation(n).astype(np.float64)
    threshold, holds = upper_threshold(values, share)
    # Of n + 1 cases in random order, the new one is beyond as often as its rank is.
    beyond = 1 - (np.count_nonzero(values <= threshold)) / (n + 1)
    assert holds == pytest.approx(beyond)
    assert holds <= max(share, 1 / (n + 1)) + 1e-12
