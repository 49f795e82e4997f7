"""The out-of-distribution score is the Mahalanobis distance to the nearest class."""

from __future__ import annotations

import numpy as np
import pytest

from pneumoscope.gate import TrainingDistance


def test_distance_is_that_to_the_nearest_class() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(3, 3))
    precision = mixing @ mixing.T
    means, features = rng.normal(size=(2, 3)), rng.normal(size=(5, 3))
    found = TrainingDistance(means.astype("f4"), mixing.astype("f4")).measure(features.astype("f4"))
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
        TrainingDistance(means.astype("f4"), whitening.astype("f4"))
