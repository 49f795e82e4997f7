"""Long work says once, at the rate of its first seconds, how long the rest will take."""

from __future__ import annotations

import time

import pytest

from pneumoscope.cli.remaining import RemainingTime, in_words


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_it_is_measured_and_said_once(clock: list[float]) -> None:
    said: list[str] = []
    estimate = RemainingTime(said.append, "images")
    for done in range(0, 4000, 100):  # a hundred images a second
        estimate(done, 100_000)
        clock[0] += 1
    assert said == ["About 15 minutes more at this rate: 99,500 images at 100 images/s"]


def test_a_training_that_follows_is_measured_by_itself(clock: list[float]) -> None:
    said: list[str] = []
    estimate = RemainingTime(said.append, "images")
    for done in (100, 200):
        estimate(done, 200)
        clock[0] += 1
    clock[0] += 60  # of calibration
    for done in range(100, 4000, 100):
        estimate(done, 100_000)
        clock[0] += 1
    assert said == ["About 15 minutes more at this rate: 99,400 images at 100 images/s"]


def test_short_work_needs_no_word(clock: list[float]) -> None:
    said: list[str] = []
    estimate = RemainingTime(said.append, "images")
    for done in range(0, 1000, 10):
        estimate(done, 1000)
        clock[0] += 0.5
    assert said == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (61, "about 1 minute"),
        (250, "about 4 minutes"),
        (1530, "about 25 minutes"),
        (6000, "about 2 hours"),
    ],
)
def test_it_is_rounded_to_what_is_known(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
