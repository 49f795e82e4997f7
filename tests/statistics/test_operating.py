"""Thresholds against an exhaustive search, and what cannot be chosen."""

from __future__ import annotations

import re
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pneumoscope.statistics import choose_operating_points, find_undecided, measure_sources
from pneumoscope.types import Method, OperatingPoint


def case(seed: int, n: int = 120, distance: float = 2.0, levels: int = 0):
    """Truth, score and patient of images, two of each patient; few levels make ties."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 4 > 1
    score = 1 / (1 + np.exp(-rng.normal(distance * (truth - 0.5), 1)))
    if levels:
        score = np.round(score * levels) / levels
    return truth, score, np.array([f"p{i // 2}" for i in range(n)])


def rates(truth, score, threshold):
    called = score >= threshold
    return (called & truth).sum() / truth.sum(), (~called & ~truth).sum() / (~truth).sum()


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([0, 5, 20]), st.sampled_from([0.5, 2.0, 6.0]))
def test_points_are_the_best_there_are(seed, levels, distance):
    truth, score, patients = case(seed, distance=distance, levels=levels)
    points, notices = choose_operating_points(truth, score, patients)
    distinct = np.unique(score)
    every = [rates(truth, score, t) for t in (distinct[1:] + distinct[:-1]) / 2]
    balanced = max(every, key=lambda r: (round(sum(r), 12), r[0]), default=(0, 0))
    sensitive, specific = (max(0.95, (1 + rate) / 2) for rate in balanced)
    best = {
        "balanced": sum(balanced),
        "screening": max((r[1] for r in every if r[0] >= sensitive), default=0),
        "confirm": max((r[0] for r in every if r[1] >= specific), default=0),
    }
    possible = [name for name in best if best[name] > (name == "balanced")]
    if "balanced" not in possible:
        assert points == (OperatingPoint(),)
        return
    assert [point.name for point in points] == possible
    assert len(notices) == 3 - len(possible)
    order = {point.name: point.threshold for point in points}
    assert order.get("screening", 0) <= order["balanced"] <= order.get("confirm", 1)
    for point in points:
        sensitivity, specificity = rates(truth, score, point.threshold)
        assert point.sensitivity.value == pytest.approx(sensitivity)
        assert point.specificity.value == pytest.approx(specificity)
        wanted = {
            "balanced": sensitivity + specificity,
            "screening": specificity * (sensitivity >= sensitive),
            "confirm": sensitivity * (specificity >= specific),
        }
        assert wanted[point.name] == pytest.approx(best[point.name])
        below, above = score[score < point.threshold].max(), score[score >= point.threshold].min()
        assert point.threshold == pytest.approx((below + above) / 2)


def test_default_comes_first_with_intervals_around_what_is_expected():
    points, notices = choose_operating_points(*case(1))
    assert [point.name for point in points] == ["balanced", "screening", "confirm"]
    assert notices == ()
    assert points[1].threshold <= points[0].threshold <= points[2].threshold
    for estimate in (points[0].sensitivity, points[0].specificity):
        assert estimate.low < estimate.value < estimate.high


def mistakes(truth, score, low, high):
    """Positive images below, negative ones from `high` on."""
    return (truth & (score < low)).sum(), (~truth & (score >= high)).sum()


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([0, 20]), st.sampled_from([1.0, 3.0, 6.0]))
def test_undecided_zone_is_the_smallest_that_halves_the_errors(seed, levels, distance):
    truth, score, patients = case(seed, distance=distance, levels=levels)
    threshold = 0.51
    before = mistakes(truth, score, threshold, threshold)
    with patch("pneumoscope.statistics.operating._MOST_UNDECIDED", 1.0):
        zone = find_undecided(threshold, truth, score, patients)
    if max(before) < 2:
        assert zone is None
        return
    after = mistakes(truth, score, zone.low, zone.high)
    assert all(now <= (then + 1) // 2 for now, then in zip(after, before, strict=True))
    assert zone.low <= threshold <= zone.high
    held = np.array([zone.holds(each) for each in score])
    # Any less, and one of them would not be halved.
    lowest, highest = score[held].min(), score[held].max()
    if lowest < threshold:
        assert (truth & (score <= lowest)).sum() > (before[0] + 1) // 2
    if highest >= threshold:
        assert (~truth & (score >= highest)).sum() > (before[1] + 1) // 2
    assert zone.share.value == pytest.approx(held.mean())
    wrong = ((score >= zone.high) != truth)[~held]
    assert zone.error.value == pytest.approx(wrong.mean())


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_an_image_of_weight_3_counts_as_three(seed):
    truth, score, patients = case(seed, distance=2.0)
    times = np.where(np.arange(len(truth)) % 5 == 0, 3, 1)
    copied = [np.repeat(each, times) for each in (truth, score, patients)]
    weighted = choose_operating_points(truth, score, patients, times.astype(float))[0]
    for found, expected in zip(weighted, choose_operating_points(*copied)[0], strict=True):
        assert (found.name, found.threshold) == (expected.name, expected.threshold)
        assert found.sensitivity.value == pytest.approx(expected.sensitivity.value)
        assert found.specificity.low == pytest.approx(expected.specificity.low)
    with patch("pneumoscope.statistics.operating._MOST_UNDECIDED", 1.0):
        zone = find_undecided(0.5, truth, score, patients, times.astype(float))
    held = np.array([zone.holds(each) for each in score])
    wrong = (score >= 0.5) != truth
    for side in (truth, ~truth):  # an error at the end of the zone may be more than half
        assert (times * (held & wrong & side)).sum() <= (times * (wrong & side)).sum() / 2
    assert zone.share.value == pytest.approx((times * held).sum() / times.sum())


def test_undecided_zone_is_smaller_where_it_would_hold_too_many_images():
    truth, score, patients = case(0, distance=1.0)
    with patch("pneumoscope.statistics.operating._MOST_UNDECIDED", 1.0):
        whole = find_undecided(0.5, truth, score, patients)
    zone = find_undecided(0.5, truth, score, patients)
    assert zone.share.value <= 0.1 < whole.share.value
    assert whole.low < zone.low < zone.high < whole.high


def test_undecided_zone_holds_a_tenth_of_each_group_at_most():
    truth, score, patients = case(0, n=1200)
    near = np.abs(score - 0.5) < 0.25
    groups = np.where(near, "hard", "easy")
    zone = find_undecided(0.5, truth, score, patients, groups=groups)
    held = np.array([zone.holds(each) for each in score])
    alone = find_undecided(0.5, truth, score, patients)
    assert held[near].mean() <= 0.1
    assert zone.share.value < alone.share.value <= 0.1


def test_there_is_no_undecided_zone_where_none_is_small_enough():
    truth, score, patients = case(0)
    with patch("pneumoscope.statistics.operating._MOST_UNDECIDED", 0.0):
        assert find_undecided(0.5, truth, score, patients) is None


def test_there_is_no_undecided_zone_where_there_are_no_errors():
    truth, score, patients = case(0, distance=40)
    assert find_undecided(0.5, truth, score, patients) is None
    score[np.flatnonzero(truth)[0]] = 0.2  # a single mistake stays
    assert find_undecided(0.5, truth, score, patients) is None
    score[np.flatnonzero(truth)[1]] = 0.4
    zone = find_undecided(0.5, truth, score, patients)
    assert zone.high == 0.5
    assert 0.2 < zone.low < 0.4


def test_screening_and_confirm_halve_the_errors_of_a_good_balance():
    truth, score, patients = case(5, n=4000, distance=4.5)
    balanced, screening, confirm = choose_operating_points(truth, score, patients)[0]
    assert min(balanced.sensitivity.value, balanced.specificity.value) > 0.95
    assert 1 - screening.sensitivity.value <= (1 - balanced.sensitivity.value) / 2
    assert 1 - confirm.specificity.value <= (1 - balanced.specificity.value) / 2
    assert screening.threshold < balanced.threshold < confirm.threshold


def test_scores_without_an_error_are_divided_in_the_middle():
    truth, _, patients = case(0)
    points, _ = choose_operating_points(truth, np.where(truth, 0.9, 0.3), patients)
    assert [point.threshold for point in points] == pytest.approx([0.6] * 3)
    assert points[0].sensitivity.value == 1
    assert points[0].sensitivity.method is points[0].specificity.method is Method.EXACT


def test_more_images_of_the_same_patients_are_no_more_patients():
    truth, score, patients = case(2)
    once, _ = choose_operating_points(truth, score, patients)
    copied, _ = choose_operating_points(*(np.tile(x, 3) for x in (truth, score, patients)))
    assert copied == once


TRUTH, SCORE, PATIENTS = case(3)
USELESS = {
    "one side": (np.ones_like(TRUTH), SCORE, PATIENTS, "one side has 0"),
    "few patients": (TRUTH[:36], SCORE[:36], PATIENTS[:36], "10 patients of each side.*has 9"),
    "few patients with many images": (TRUTH, SCORE, np.where(TRUTH, "a", "b"), "has 1"),
    "constant": (TRUTH, np.full(120, 0.4), PATIENTS, "no higher"),
    "upside down": (TRUTH, 1 - np.where(TRUTH, 0.8, 0.2), PATIENTS, "no higher"),
    "not a number": (TRUTH, np.where(SCORE > 0.9, np.nan, SCORE), PATIENTS, "NaN or infinite"),
}


@pytest.mark.parametrize("name", USELESS)
def test_a_notice_says_what_cannot_be_chosen(name):
    truth, score, patients, why = USELESS[name]
    points, notices = choose_operating_points(truth, score, patients)
    assert points == (OperatingPoint(),)
    (notice,) = notices
    assert re.search(why, notice.text)


def test_ten_patients_a_side_are_enough():
    points, _ = choose_operating_points(TRUTH[:40], np.where(TRUTH, 0.9, 0.3)[:40], PATIENTS[:40])
    assert points[0].name == "balanced"


def test_thresholds_in_each_source_and_without_it():
    truth, score, patients = case(1, n=240)
    sources = np.where(np.arange(240) < 120, "near", "far")
    sources[:8] = ""  # not known: counts in the choice for both
    sources[-8:] = "well"
    truth[-8:] = False
    score = np.where(sources == "far", score / 2, score)
    weights = np.ones(240)
    found = measure_sources(0.6, truth, score, patients, sources, weights)
    assert [rates.source for rates in found] == ["far", "near", "well"]
    for each in found:
        here = sources == each.source
        chosen, _ = choose_operating_points(truth[~here], score[~here], patients[~here])
        assert each.foreign_threshold == chosen[0].threshold
        for threshold, at in (
            (0.6, (each.sensitivity, each.specificity)),
            (each.foreign_threshold, (each.foreign_sensitivity, each.foreign_specificity)),
        ):
            with np.errstate(invalid="ignore"):
                expected = rates(truth[here], score[here], threshold)
            for estimate, rate in zip(at, expected, strict=True):
                if np.isnan(rate):
                    assert estimate.value is None
                else:
                    assert estimate.value == pytest.approx(rate)
                    assert estimate.low <= rate <= estimate.high
    assert found[2].sensitivity.value is None


def test_source_whose_others_allow_no_choice_has_no_foreign_threshold():
    truth, score, patients = case(2)
    sources = np.where(truth, "ill", "all")
    ill, well = sorted(
        measure_sources(0.5, truth, score, patients, sources, np.ones(120)),
        key=lambda rates: rates.source,
        reverse=True,
    )
    assert ill.foreign_threshold is ill.foreign_sensitivity is well.foreign_threshold is None
    assert ill.specificity.value is well.sensitivity.value is None


def test_one_source_is_no_comparison():
    truth, score, patients = case(3)
    for sources in (np.full(120, ""), np.full(120, "a"), np.where(truth, "a", "")):
        assert measure_sources(0.5, truth, score, patients, sources, np.ones(120)) == ()
