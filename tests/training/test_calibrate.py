"""Fitted probabilities, and a network that gives them itself."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

pytest.importorskip("keras")

from pneumoscope.bundle import BundleInfo
from pneumoscope.statistics import calibration_measures
from pneumoscope.training.calibrate import (
    ValidationScores,
    calibrated,
    even_prevalence,
    fit_by_source,
    fit_calibration,
    fold_into,
    in_words,
)
from pneumoscope.training.card import model_card
from pneumoscope.training.thresholds import choose_points
from pneumoscope.types import Calibration, Geometry, OperatingPoint
from tests.conftest import bundle_info

pytestmark = pytest.mark.keras


def drawn(n: int, classes: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels that are drawn by their logits (n, c)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, classes))
    return (softmax(logits, axis=1).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1), logits


def scores(labels: np.ndarray, logits: np.ndarray) -> ValidationScores:
    patients = np.array([f"p{i}" for i in range(len(labels))])
    return ValidationScores.of_one_source(labels, softmax(logits, axis=1), patients)


@pytest.mark.parametrize("classes", [2, 4])
def test_temperature_and_biases_are_found_again(classes: int) -> None:
    labels, logits = drawn(40_000, classes)
    biases = np.arange(classes) * 0.5
    found = fit_calibration(scores(labels, 2.5 * (logits - biases)))
    assert found.fitted
    assert found.temperature == pytest.approx(2.5, rel=0.05)
    assert found.biases == pytest.approx(biases, abs=0.07)
    assert found.biases[0] == 0


def test_an_image_of_weight_3_counts_as_three() -> None:
    labels, logits = drawn(300)
    thrice = np.arange(300) % 4 == 0
    weighted = replace(scores(labels, 1.6 * logits), weights=np.where(thrice, 3.0, 1.0))
    times = np.where(thrice, 3, 1)
    copied = scores(np.repeat(labels, times), np.repeat(1.6 * logits, times, axis=0))
    found, expected = fit_calibration(weighted), fit_calibration(copied)
    # Platt's targets depend on the number of images
    assert found.temperature == pytest.approx(expected.temperature, rel=0.02)
    assert found.biases == pytest.approx(expected.biases, abs=0.02)
    assert found.after["log_loss"] == pytest.approx(expected.after["log_loss"], rel=1e-3)


def test_others_of_the_same_kind_are_given_better_probabilities() -> None:
    def shifted(seed: int) -> ValidationScores:
        labels, logits = drawn(800, seed=seed)
        return scores(labels, 1.6 * logits - np.array([0, 1.2]))

    chosen, others = shifted(1), shifted(2)
    after = calibrated(others.probabilities, fit_calibration(chosen))
    truth, ones = others.labels == 1, np.ones((1, 800))
    for name, value in calibration_measures(truth, after[:, 1], ones).items():
        assert value < calibration_measures(truth, others.probabilities[:, 1], ones)[name]


@hypothesis_settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]), st.floats(0.1, 5))
def test_the_fit_is_the_least_loss_to_targets_of_one_more_image_of_each_class(
    seed: int, classes: int, strength: float
) -> None:
    labels, logits = drawn(150, classes, seed)
    found = fit_calibration(scores(labels, strength * logits))
    counts = np.bincount(labels)

    targets = (np.eye(classes)[labels] * counts[labels][:, None] + 1) / (
        counts[labels][:, None] + classes
    )
    np.testing.assert_allclose(targets.sum(axis=1), 1)

    def loss(slope: float, biases: np.ndarray) -> float:
        return -float((targets * log_softmax(slope * strength * logits + biases, axis=1)).sum())

    slope, biases = 1 / found.temperature, np.array(found.biases)
    least = loss(slope, biases)
    for change in (0.99, 1.01):
        assert loss(slope * change, biases) > least
        for label in range(classes):
            assert loss(slope, biases + (change - 1) * np.eye(classes)[label]) > least


def test_scores_without_a_mistake_make_no_certainty() -> None:
    labels = np.arange(40) % 2
    found = fit_calibration(scores(labels, 30.0 * np.eye(2)[labels]))
    after = calibrated(scores(labels, 30.0 * np.eye(2)[labels]).probabilities, found)
    # Laplace: 20 of 20 are no more than 21 in 22
    assert after[labels == 1, 1] == pytest.approx(np.full(20, 21 / 22), abs=1e-3)


LABELS, LOGITS = drawn(60)
USELESS = {
    "one class": (np.zeros(60, int), LOGITS, "one class has 0"),
    "few patients": (LABELS[:12], LOGITS[:12], "10 validation patients of each class"),
    "a class without images": (LABELS, np.column_stack([LOGITS, LOGITS[:, 0]]), "one class has 0"),
    "constant": (LABELS, np.tile([0.3, 0.8], (60, 1)), "all images have the same"),
    "NaN": (LABELS, np.where(LOGITS > 2, np.nan, LOGITS), "not finite"),
    "upside down": (LABELS, -LOGITS, "rank the classes no better than chance"),
}


@pytest.mark.parametrize("name", USELESS)
def test_notice_says_why_nothing_was_fitted(name: str) -> None:
    labels, logits, why = USELESS[name]
    found = fit_calibration(scores(labels, logits))
    assert not found.fitted
    assert found.temperature == 1
    assert set(found.biases) == {0}
    assert why in found.notices[0].text
    assert found.after == found.before
    assert found.prevalence == pytest.approx(np.mean(labels != 0))
    before = scores(labels, logits).probabilities
    np.testing.assert_array_equal(calibrated(before, found), before)


def test_nan_has_no_measure() -> None:
    found = fit_calibration(scores(LABELS, np.where(LOGITS > 2, np.nan, LOGITS)))
    assert set(found.before.values()) == {None}


def test_zero_probabilities_stay_finite() -> None:
    found = fit_calibration(scores(LABELS, 1000 * LOGITS))
    assert found.fitted
    assert np.isfinite([found.temperature, *found.biases]).all()


def test_network_gives_the_fitted_probabilities_itself() -> None:
    from pneumoscope.training.architectures import baseline
    from pneumoscope.training.backend import keras

    keras.utils.set_random_seed(1)
    network = baseline(Geometry(32, 32), 3)
    images = np.random.default_rng(0).integers(0, 256, (45, 32, 32, 1), dtype=np.uint8)
    before = network.predict_on_batch(images).astype(float)
    labels = before.argsort(axis=1)[:, -1]
    labels[::5] = np.arange(9) % 3
    labels[:30] = np.arange(30) % 3  # ten patients of each class at least
    mixed = ValidationScores.of_one_source(labels, before, np.array([f"p{i}" for i in range(45)]))
    found = replace(fit_calibration(mixed), fitted=True, temperature=0.2, biases=(0.0, 0.5, -1.0))
    fold_into(network, found)
    expected = softmax(np.log(before) / 0.2 + np.array([0.0, 0.5, -1.0]), axis=1)
    assert network.predict_on_batch(images) == pytest.approx(expected, abs=1e-5)
    assert calibrated(before, found) == pytest.approx(expected)


def calibrate(
    plain: ValidationScores, changed: ValidationScores
) -> tuple[Calibration, tuple[OperatingPoint, ...]]:
    """Calibrates scores and chooses thresholds, as training does."""
    calibration = fit_calibration(plain)
    points, notices = choose_points(
        *(
            replace(each, probabilities=calibrated(each.probabilities, calibration))
            for each in (plain, changed)
        ),
        seed=0,
    )
    return replace(calibration, notices=(*calibration.notices, *notices)), points


def test_points_are_chosen_on_the_fitted_probabilities() -> None:
    labels, logits = drawn(400)
    off = scores(labels, 3 * logits - np.array([0, 6.0]))
    found, points = calibrate(off, off)
    unshifted = scores(labels, logits)
    right, expected = calibrate(unshifted, unshifted)
    assert [point.name for point in points] == ["balanced", "screening", "confirm"]
    for point, other in zip(points, expected, strict=True):
        assert point.threshold == pytest.approx(other.threshold, abs=1e-3)
        assert point.sensitivity == other.sensitivity
    assert found.after["log_loss"] == pytest.approx(right.after["log_loss"], abs=1e-5)
    lines = in_words(found)
    assert lines[0].startswith("Calibrated on 400 images of 400 validation patients: temperature")


def test_probabilities_are_fitted_to_plain_images_and_points_chosen_on_changed_ones() -> None:
    labels, logits = drawn(400)
    plain, changed = scores(labels, logits), scores(labels, logits + np.array([0, 2.0]))
    found, points = calibrate(plain, changed)
    assert found == calibrate(plain, plain)[0]
    (alike, *_) = calibrate(changed, changed)[1]
    assert points[0].sensitivity == alike.sensitivity
    assert points[0].threshold > alike.threshold + 0.1


def test_words_name_what_could_not_be_chosen() -> None:
    few = scores(LABELS[:12], LOGITS[:12])
    found, points = calibrate(few, few)
    assert points == (OperatingPoint(),)
    assert in_words(found) == tuple(map(str, found.notices))
    assert len(found.notices) == 2


def described(calibration: Calibration, points: tuple[OperatingPoint, ...]) -> BundleInfo:
    return bundle_info(
        operating_points=points,
        calibration=calibration,
        training_data={
            "attributions": [],
            "images": {},
            "fingerprint": "f" * 64,
            "patients": "by PatientID 9",
        },
        metrics={"epoch": 1, "val_loss": 0.5, "val_accuracy": 0.8},
        settings={"weights": "none", "patience": 0},
    )


def test_model_card_states_how_the_threshold_holds_in_each_source() -> None:
    labels, logits = drawn(400)
    steep = scores(labels, 2 * logits)
    one = model_card(described(*calibrate(steep, steep)))
    assert "in each source" not in one
    sources = np.where(np.arange(400) % 2, "a|b", "c")
    several = replace(steep, sources=sources)
    calibration, points = calibrate(several, several)
    first = points[0].sources[0]
    row = rf"| a\|b | {first.sensitivity} | {first.specificity} | {first.foreign_threshold:.4g} | "
    assert row in model_card(described(calibration, points))
    labels = np.where(sources == "c", 0, labels)
    healthy = replace(several, labels=labels)
    card = model_card(described(*calibrate(healthy, healthy)))
    assert re.search(r"\n\| c \| \u2013 \| 0\.\d+ \([^|]* \| \d\.\d+ \| \u2013 \| ", card)


def test_model_card_states_what_was_fitted_and_chosen() -> None:
    labels, logits = drawn(400)
    steep = scores(labels, 2 * logits)
    found, points = calibrate(steep, steep)
    info = described(found, points)
    hostile = model_card(replace(info, classes=("NORMAL", "<b>|"), command="train '\n# <b>'"))
    assert r"as NORMAL or &lt;b>\|." in hostile
    assert "\n# <b>" not in hostile
    card = model_card(info)
    assert f"| balanced (default) | {points[0].threshold:.4g} | {points[0].sensitivity} |" in card
    assert f"Temperature {found.temperature:.3f}; biases NORMAL 0.000, PNEUMONIA " in card
    assert f"where {100 * found.prevalence:.1f} % of the images are positive" in card
    zone = points[0].undecided
    assert f"probability of {zone.low:.4g} up to {zone.high:.4g}" in card
    assert "not been calibrated" not in card


def of_hospitals(shifts: dict[str, float], n: int = 3000) -> ValidationScores:
    """Scores of images that are drawn alike in each source, their logits then shifted there."""
    parts = []
    for number, (source, shift) in enumerate(shifts.items()):
        labels, logits = drawn(n, seed=number)
        moved = scores(labels, logits + np.array([0, shift]))
        patients = np.array([f"{source} {patient}" for patient in moved.patients])
        parts.append(replace(moved, sources=np.full(n, source), patients=patients))
    return ValidationScores.pool(parts)


def test_each_hospital_has_a_calibration_of_its_own() -> None:
    known = ("children", "nih-chestx-ray14", "rsna-pneumonia-2018")
    shifts = dict(zip(known, (2.0, -1.0, -1.0), strict=True))
    children, adults = fit_by_source(of_hospitals(shifts), known)
    assert (children.sources, adults.sources) == (known[:1], known[1:])
    assert children.biases == pytest.approx((0, -2), abs=0.15)
    assert adults.biases == pytest.approx((0, 1), abs=0.15)
    assert children.temperature == pytest.approx(1, abs=0.1)
    assert (children.images, children.patients) == (3000, 3000)
    assert (adults.images, adults.patients) == (6000, 6000)


def test_one_half_is_where_both_classes_are_equally_probable_whatever_their_shares() -> None:
    found = of_hospitals({"a": 0.0, "b": 0.0})
    few = (found.sources == "a") & (found.labels == 1) & (np.arange(6000) % 5 > 0)
    first, second = fit_by_source(found.pick(~few), ("a", "b"))
    assert first.biases == pytest.approx((0, 0), abs=0.25)
    assert second.biases == pytest.approx((0, 0), abs=0.15)


def test_a_hospital_of_one_class_has_the_calibration_of_all() -> None:
    found = of_hospitals({"a": 2.0, "b": -2.0})
    ill = found.pick((found.sources == "a") | (found.labels == 1))
    own, common = fit_by_source(ill, ("a", "b"))
    assert (own.sources, common.sources) == (("a",), ("b",))
    assert own.images == 3000
    assert common.images == len(ill.labels)


def test_one_hospital_needs_no_calibration_beside_that_of_all() -> None:
    found = of_hospitals({"nih-chestx-ray14": 1.0, "rsna-pneumonia-2018": 0.0})
    assert fit_by_source(found, ("nih-chestx-ray14", "rsna-pneumonia-2018")) == ()
    assert fit_by_source(found, ("",)) == ()
    assert fit_by_source(found.pick(found.labels == 0), ("nih-chestx-ray14", "other")) == ()


def test_words_and_card_name_the_calibration_of_each_hospital() -> None:
    found = of_hospitals({"a": 2.0, "b|c": -2.0})
    calibration, points = calibrate(found, found)
    whole = replace(calibration, by_source=fit_by_source(found, ("a", "b|c")))
    assert in_words(whole)[-2].startswith(
        "For images nearest to a calibrated on 3000 images of 3000 patients"
    )
    card = model_card(described(whole, points))
    first = whole.by_source[0]
    assert "% of the images are positive." in card
    assert f"| a | 3000 | 3000 | {first.temperature:.3f} | NORMAL 0.000, PNEUMONIA " in card
    assert r"| b\|c | 3000 |" in card
    plain = model_card(described(calibration, points))
    assert "nearest to" not in plain
    assert "They are means over the hospitals" in card
    assert "They are means over the hospitals" not in plain


def test_thresholds_are_chosen_on_hospitals_with_both_classes() -> None:
    whole = of_hospitals({"a": 0.0})
    ill = of_hospitals({"b": 3.0}, n=500)
    alone, notices = choose_points(whole, whole, seed=0)
    mixed = ValidationScores.pool([whole, ill.pick(ill.labels == 1)])
    points, _ = choose_points(mixed, mixed, seed=0)
    assert not notices
    assert [each.threshold for each in points] == [each.threshold for each in alone]
    assert [each.source for each in points[0].sources] == ["a", "b"]
    assert points[0].undecided == alone[0].undecided


def test_hospitals_count_alike_whatever_their_numbers() -> None:
    shifts = {"a": 1.5, "nih-chestx-ray14": -1.5, "rsna-pneumonia-2018": -1.5}
    found = of_hospitals(shifts, n=1000)
    of_a = np.concatenate([np.arange(1000), np.tile(np.arange(1000, 3000), 3)])
    one, many = (choose_points(each, each, seed=0)[0] for each in (found, _take(found, of_a)))
    assert many[0].threshold == one[0].threshold


def _take(given: ValidationScores, rows: np.ndarray) -> ValidationScores:
    columns = ("labels", "probabilities", "patients", "sources", "weights")
    return ValidationScores(*(getattr(given, column)[rows] for column in columns))


def test_images_of_unknown_origin_have_the_calibration_of_all() -> None:
    found = of_hospitals({"a": 2.0, "": -2.0})
    own, common = fit_by_source(found, ("", "a"))
    assert (own.sources, common.sources) == (("a",), ("",))
    assert common.images == len(found.labels)
    whole = replace(fit_calibration(found), by_source=(own, common))
    assert "nearest to no known source" in in_words(whole)[-1]
    alone = found.pick(found.sources == "a")
    points, expected = (choose_points(each, each, seed=0)[0] for each in (found, alone))
    assert points[0].threshold == expected[0].threshold


def test_a_threshold_of_the_others_is_of_other_hospitals() -> None:
    found = of_hospitals({"a": 1.0, "nih-chestx-ray14": -1.0, "rsna-pneumonia-2018": -1.0}, n=1000)
    of_a, of_text, of_rsna = choose_points(found, found, seed=0)[0][0].sources
    alone = found.pick(found.sources == "a")
    assert of_text.foreign_threshold == of_rsna.foreign_threshold
    assert of_text.foreign_threshold == choose_points(alone, alone, seed=0)[0][0].threshold
    assert of_a.foreign_threshold < of_text.foreign_threshold


def test_classes_alike_are_a_prevalence() -> None:
    assert even_prevalence(2) == 0.5
    assert even_prevalence(4) == 0.75
