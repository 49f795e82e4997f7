"""A training that has not worked gives doubts."""

from __future__ import annotations

import numpy as np
import pytest

from pneumoscope.notices import Notice
from pneumoscope.training.doubts import find_doubts

N = 60


def doubts(score: np.ndarray, truth: np.ndarray | None = None) -> tuple[Notice, ...]:
    truth = np.arange(N) % 2 == 0 if truth is None else truth
    patients = np.array([f"p{i}" for i in range(N)])
    return find_doubts(truth, score, patients, 0.5, seed=1)


def test_a_training_that_worked_gives_no_doubt() -> None:
    truth = np.arange(N) % 2 == 0
    noise = np.random.default_rng(0).normal(0, 0.2, N)
    assert not doubts(np.clip(truth * 0.6 + 0.2 + noise, 0, 1))
    assert not doubts(truth * 0.8 + 0.1)  # without a mistake: no interval


@pytest.mark.parametrize("seed", range(5))
def test_chance_gives_a_doubt(seed: int) -> None:
    (doubt,) = doubts(np.random.default_rng(seed).random(N))
    assert "60 validation images of 60 patients" in doubt.text
    assert doubt.code == "no-better-than-chance"
    assert doubt.values["patients"] == N


def test_worse_than_chance_gives_a_doubt() -> None:
    assert "chance" in doubts((np.arange(N) % 2) * 0.8 + 0.1)[0].text


@pytest.mark.parametrize(("add", "side"), [(0.5, "positive"), (-0.01, "negative")])
def test_one_predicted_class_gives_a_doubt(add: float, side: str) -> None:
    (doubt,) = doubts((np.arange(N) % 2 == 0) * 0.4 + add)
    assert f"calls each of 60 validation images of 60 patients {side}" in doubt.text
    assert (doubt.code, doubt.values["called"]) == ("all-called-alike", side)


def test_two_doubts_say_once_what_to_do() -> None:
    score = np.where(np.arange(N) % 4 < 2, 0.7, 0.8)
    first, second = doubts(score)
    assert "has not worked" in first.text
    assert second.text.startswith("It also calls each")


def test_one_side_alone_gives_no_doubt() -> None:
    assert not doubts(np.full(N, 0.3), np.zeros(N, bool))
