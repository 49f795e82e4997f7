"""The alarm: silent by chance and for little, and on for what matters."""

from __future__ import annotations

from datetime import date, timedelta
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.monitor import Counts
from pneumoscope.monitor.alarm import DAYS_BETWEEN, WINDOW, look
from pneumoscope.statistics import Bins, log_evidence
from pneumoscope.types import Status

TENTHS = Bins(tuple(range(1, 10)), (100,) * 10, 1000)
REFERENCE = {"one": TENTHS, "other": TENTHS}
TODAY = date(2026, 11, 27)


def counts(one: list[int], other: list[int] | None = None) -> Counts:
    made = Counts(bins={"one": one, "other": other or [0] * 10})
    made.status[Status.ACCEPTED] = sum(one)
    return made


def drawn(rng: np.random.Generator, images: int, fractions: list[float] | None = None) -> list[int]:
    return rng.multinomial(images, fractions or [0.1] * 10).tolist()


def test_evidence_by_hand() -> None:
    """Two bins, one image: the ratio of the two probabilities of its bin."""
    reference = Bins((0.5,), (3, 1), 4)
    found = exp(log_evidence(reference, np.array([0, 1])))
    assert found == pytest.approx((1.5 / 5) / (1.5 / 5))  # half an image is added on either side
    found = exp(log_evidence(reference, np.array([0, 2])))
    own = (0.6 / 2) * (1.6 / 3)  # of a mixture as wide as two images
    known = (1.5 / 5) * (2.5 / 6)
    assert found == pytest.approx(own / known)


@given(st.lists(st.integers(0, 300), min_size=4, max_size=4))
def test_evidence_is_1_on_average_over_the_next_image(found: list[int]) -> None:
    """What makes looking at any time harmless, if each patient has one image."""
    reference = Bins((1, 2, 3), (40, 30, 20, 10), 100)
    before = np.array(found)
    known = (np.array(reference.counts) + 0.5 + before) / (102 + before.sum())
    after = [exp(log_evidence(reference, before + each)) for each in np.eye(4, dtype=np.int64)]
    assert known @ after == pytest.approx(exp(log_evidence(reference, before)))


def test_alike_images_of_one_patient_count_once() -> None:
    alone, alike = Bins((0.5,), (50, 50), 100), Bins((0.5,), (150, 150), 100)
    assert log_evidence(alike, np.array([30, 90])) == pytest.approx(
        log_evidence(alone, np.array([10, 30])), abs=1e-2
    )


def test_no_alarm_without_images_or_reference() -> None:
    assert not look(REFERENCE, {}).on
    assert not look({}, {TODAY: counts([9] * 10)}).on
    assert not look(REFERENCE, {TODAY: counts([0] * 10)}).on


def test_unchanged_images_give_no_alarm_however_often_one_looks() -> None:
    rng = np.random.default_rng(1)
    false = 0
    for _ in range(50):
        one, other = np.zeros(10, int), np.zeros(10, int)
        looks = []
        for _ in range(25):
            one, other = one + drawn(rng, 20), other + drawn(rng, 20)
            looks.append(look(REFERENCE, {TODAY: counts(one.tolist(), other.tolist())}).on)
        false += any(looks)
    assert false == 0


def test_a_clear_change_is_named_within_a_hundred_images() -> None:
    changed = [0.02] * 5 + [0.18] * 5
    rng = np.random.default_rng(2)
    found = look(REFERENCE, {TODAY: counts(drawn(rng, 100), drawn(rng, 100, changed))})
    assert found.on
    assert found.evidence > 3
    assert (found.since, found.quantities) == (TODAY, ("other",))


def test_a_certain_change_too_small_to_matter_gives_none() -> None:
    large = Bins(TENTHS.edges, (100_000,) * 10, 1_000_000)
    many = [95_000] * 5 + [105_000] * 5
    assert log_evidence(large, np.array(many)) > np.log(DAYS_BETWEEN)
    assert not look({"one": large}, {TODAY: counts(many)}).on


def test_the_day_of_the_change_is_found_and_good_days_end_the_alarm() -> None:
    rng = np.random.default_rng(3)
    changed = [0.01] * 5 + [0.19] * 5
    good = {TODAY - timedelta(days=10 - n): counts(drawn(rng, 200)) for n in range(8)}
    bad = {TODAY - timedelta(days=2 - n): counts(drawn(rng, 100, changed)) for n in range(2)}
    found = look(REFERENCE, good | bad)
    assert (found.on, found.since) == (True, TODAY - timedelta(days=2))
    after = {TODAY + timedelta(days=n): counts(drawn(rng, 400)) for n in range(6)}
    assert not look(REFERENCE, good | bad | after).on


def test_days_beyond_the_window_are_not_looked_at() -> None:
    bad = counts([100] + [0] * 9)
    days = {TODAY - timedelta(days=n): counts([1] * 10) for n in range(WINDOW)}
    assert not look(REFERENCE, days | {TODAY - timedelta(days=WINDOW): bad}).on
