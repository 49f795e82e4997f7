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
    calibrate,
    calibrated,
    fit_calibration,
    fold_into,
    in_words,
)
from pneumoscope.training.card import model_card
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


class Unchanged:
    """Stands for a network whose last layer is of no interest here."""

    def get_layer(self, name: str) -> Unchanged:
        return self

    def get_weights(self) -> list[np.ndarray]:
        return [np.zeros((1, 2), np.float32), np.zeros(2, np.float32)]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        assert [w.dtype for w in weights] == [np.float32, np.float32]


def test_points_are_chosen_on_the_fitted_probabilities() -> None:
    labels, logits = drawn(400)
    off = scores(labels, 3 * logits - np.array([0, 6.0]))
    found, points = calibrate(Unchanged(), off, off, seed=0)
    unshifted = scores(labels, logits)
    right, expected = calibrate(Unchanged(), unshifted, unshifted, seed=0)
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
    found, points = calibrate(Unchanged(), plain, changed, seed=0)
    assert found == calibrate(Unchanged(), plain, plain, seed=0)[0]
    (alike, *_) = calibrate(Unchanged(), changed, changed, seed=0)[1]
    assert points[0].sensitivity == alike.sensitivity
    assert points[0].threshold > alike.threshold + 0.1


def test_words_name_what_could_not_be_chosen() -> None:
    few = scores(LABELS[:12], LOGITS[:12])
    found, points = calibrate(None, few, few, seed=0)
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
    one = model_card(described(*calibrate(Unchanged(), steep, steep, seed=0)))
    assert "in each source" not in one
    sources = np.where(np.arange(400) % 2, "a|b", "c")
    several = replace(steep, sources=sources)
    calibration, points = calibrate(Unchanged(), several, several, seed=0)
    first = points[0].sources[0]
    row = rf"| a\|b | {first.sensitivity} | {first.specificity} | {first.foreign_threshold:.4g} | "
    assert row in model_card(described(calibration, points))
    labels = np.where(sources == "c", 0, labels)
    healthy = replace(several, labels=labels)
    card = model_card(described(*calibrate(Unchanged(), healthy, healthy, seed=0)))
    assert re.search(r"\n\| c \| \u2013 \| 0\.\d+ \([^|]* \| \d\.\d+ \| \u2013 \| ", card)


def test_model_card_states_what_was_fitted_and_chosen() -> None:
    labels, logits = drawn(400)
    steep = scores(labels, 2 * logits)
    found, points = calibrate(Unchanged(), steep, steep, seed=0)
    info = described(found, points)
    hostile = model_card(replace(info, classes=("NORMAL", "<b>|"), command="train '\n# <b>'"))
    assert r"as NORMAL or &lt;b>\|." in hostile
    assert "\n# <b>" not in hostile
    card = model_card(info)
    assert f"| balanced (default) | {points[0].threshold:.4g} | {points[0].sensitivity} |" in card
    assert f"Temperature {found.temperature:.3f}; biases NORMAL 0.000, PNEUMONIA " in card
    assert f"{100 * found.prevalence:.1f} % are positive" in card
    zone = points[0].undecided
    assert f"probability of {zone.low:.4g} up to {zone.high:.4g}" in card
    assert "not been calibrated" not in card
