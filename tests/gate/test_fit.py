"""The distances of a gate are fitted to training images, and its levels to validation images."""

from __future__ import annotations

import numpy as np
import pytest

from pneumoscope.gate.fit import FEWEST_IMAGES, describe_gate, fit_distance, fit_gate

KINDS = [("", 0)] * 50 + [("", 1)] * 50


def described(n: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    kinds = {"features": 4, "layout": 3}
    return {kind: rng.normal(size=(n, k)).astype(np.float32) for kind, k in kinds.items()}


def test_levels_are_quantiles_of_validation_distances() -> None:
    patients = np.repeat(np.arange(150).astype(str), 2)
    validation = described(300, seed=1)
    fitted = fit_gate(described(100, seed=0), KINDS, validation, patients)
    assert fitted is not None
    levels, distances = fitted
    assert set(levels.warn) == set(distances) == set(validation)
    assert (levels.images, levels.patients) == (300, 150)
    far = {kind: distances[kind].measure(validation[kind]) for kind in distances}
    assert levels.refuse.share == pytest.approx(3 / 301)
    score = np.sqrt((far["features"] ** 2 + far["layout"] ** 2) / 2)
    assert np.count_nonzero(score > levels.refuse.distance) == 3 - 1
    above = [far[kind] > level.distance for kind, level in levels.warn.items()]
    assert 0 < np.any(above, axis=0).sum() <= 0.05 * 301
    said = describe_gate(levels)
    assert f"{levels.refuse.distance:.2f} in features and layout (1.0%)" in said


def test_what_makes_no_gate() -> None:
    training = described(100, seed=0)
    fewest = np.arange(FEWEST_IMAGES).astype(str)
    assert fit_gate(training, KINDS, described(FEWEST_IMAGES, seed=1), fewest) is not None
    assert fit_gate(training, KINDS, described(FEWEST_IMAGES - 1, seed=1), fewest[1:]) is None
    alike = {**training, "features": np.ones((100, 4), np.float32)}
    assert fit_gate(alike, KINDS, described(FEWEST_IMAGES, seed=1), fewest) is None
    assert "refuse nothing" in describe_gate(None)


def test_appearance_without_spread_is_left_out() -> None:
    patients = np.arange(60).astype(str)
    alike = {**described(100, seed=0), "layout": np.ones((100, 3), np.float32)}
    fitted = fit_gate(alike, KINDS, described(60, seed=1), patients)
    assert fitted is not None
    assert set(fitted[0].warn) == set(fitted[1]) == {"features"}


def test_training_images_lie_at_about_one() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(6, 6))
    labels = np.repeat([0, 1], 2000)
    features = rng.normal(size=(4000, 6)) @ mixing + 9 * labels[:, np.newaxis]
    distance = fit_distance(features.astype(np.float32), labels)
    assert distance is not None
    assert np.mean(distance.measure(features) ** 2) == pytest.approx(1, abs=0.1)
    between = features[labels == 0].mean(axis=0) + 4.5  # no class is there
    assert distance.measure(between[np.newaxis])[0] > 1


def test_distance_does_not_depend_on_units() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4))
    labels = np.repeat([0, 1, 2], 100)
    units = np.array([1, 0.2, 4, 0.5])
    plain, scaled = (
        fit_distance(each.astype(np.float32), labels) for each in (features, features * units)
    )
    assert plain is not None
    assert scaled is not None
    far = plain.measure(features)
    assert scaled.measure(features * units) == pytest.approx(far, rel=1e-3)


@pytest.mark.parametrize("features", [np.ones((40, 3)), np.full((40, 3), np.nan)])
def test_features_without_spread_make_no_distance(features: np.ndarray) -> None:
    labels = np.repeat([0, 1], 20)
    assert fit_distance(features.astype(np.float32), labels) is None


def test_feature_that_never_varies_tells_nothing() -> None:
    features = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    features[:, 1] = 0
    distance = fit_distance(features, np.repeat([0, 1], 200))
    assert distance is not None
    assert np.isfinite(distance.measure(features)).all()


def test_distances_are_from_the_nearest_source_and_class() -> None:
    rng = np.random.default_rng(0)
    kinds = [("a", 0)] * 60 + [("a", 1)] * 60 + [("b", 0)] * 30 + [("b", 1)] * 3
    centres = {("a", 0): 0.0, ("a", 1): 3.0, ("b", 0): 40.0, ("b", 1): 43.0}
    at = np.array([centres[kind] for kind in kinds])
    features = (at[:, np.newaxis] + rng.normal(size=(len(kinds), 3))).astype(np.float32)
    fitted = fit_gate({"features": features}, kinds, {"features": features}, np.array(at, str))
    assert fitted is not None
    levels, distances = fitted
    assert levels.sources == ("a", "a", "b")
    assert distances["features"].means.shape == (3, 3)  # three images would show in their mean
    far = distances["features"].measure_groups(np.array([[0.0] * 3, [40.0] * 3, [20.0] * 3]))
    assert [levels.sources[group] for group in far[:2].argmin(axis=1)] == ["a", "b"]
    assert far[:2].min() < 1
    assert far[2].min() > levels.refuse.distance  # between two sources there is none
