"""Maps by occlusion: what covering a place takes away from the score of a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.inference import load, occlusion
from pneumoscope.inference.occlusion import (
    PLACES,
    PREDICTIONS,
    count_covers,
    occlusion_maps,
)
from tests.conftest import SIDE


def linear(weights: np.ndarray):
    """A network whose logit of class 1 is a weighted sum of grey levels, and 0 for class 0."""

    def predict(pixels: np.ndarray) -> np.ndarray:
        logit = (pixels * weights).sum(axis=(1, 2)) / 255
        odds = np.exp(np.clip(logit, -60, 60))
        return np.stack([1 / (1 + odds), odds / (1 + odds)], axis=1).astype(np.float32)

    return predict


def maps_of(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    predict = linear(weights)
    return occlusion_maps(pixels, predict(pixels[np.newaxis])[0], predict)


@given(st.integers(1, PLACES - 2), st.integers(1, PLACES - 2))
def test_the_strongest_place_is_that_which_decides(row: int, column: int) -> None:
    """A bright place among grey that alone decides lies in the middle of what lights up."""
    pixels = np.full((64, 48), 90, np.uint8)
    here = (slice(8 * row, 8 * row + 8), slice(6 * column, 6 * column + 6))
    pixels[here] = 250
    pixels[:32, :24] += 1  # so that the quantiles are not the grey that all pixels have
    weights = np.zeros((64, 48))
    weights[here] = 0.1
    normal, pneumonia = maps_of(pixels, weights)
    assert (normal == -pneumonia).all()
    assert np.unravel_index(pneumonia.argmax(), pneumonia.shape) == (row, column)
    far = np.ones((PLACES, PLACES), bool)
    far[row - 1 : row + 2, column - 1 : column + 2] = False
    assert np.abs(pneumonia[far]).max() < 1e-6


def test_a_map_is_the_mean_loss_of_the_covers_over_a_place() -> None:
    """By hand: the logit is linear, so that each cover takes the difference of grey levels."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (PLACES, PLACES), dtype=np.uint8)
    weights = rng.normal(size=pixels.shape)
    dark, bright = np.quantile(pixels, (0.25, 0.75)).round()
    lost = weights * (pixels - (dark + bright) / 2) / 255
    expected = np.zeros(pixels.shape)
    for row in range(PLACES - 1):
        for column in range(PLACES - 1):
            square = slice(row, row + 2), slice(column, column + 2)
            expected[square] += lost[square].sum() / 4
    found = maps_of(pixels, weights)
    assert found.dtype == np.float32
    assert found[1] == pytest.approx(expected, abs=1e-4)
    assert found[0] == pytest.approx(-expected, abs=1e-4)


def test_all_covers_alike_make_the_map_of_their_number() -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (16, 16), dtype=np.uint8)

    def less(images: np.ndarray) -> np.ndarray:
        return np.tile(np.array([[0.5, 0.5]], np.float32), (len(images), 1))

    found = occlusion_maps(pixels, np.array([0.2, 0.8], np.float32), less)[1]
    assert found / found.max() == pytest.approx(count_covers() / 4)


def test_a_network_that_looks_nowhere_has_an_empty_map() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (30, 50), dtype=np.uint8)
    assert not maps_of(pixels, np.zeros((30, 50))).any()


def test_certain_probabilities_stay_finite() -> None:
    pixels = np.full((16, 16), 200, np.uint8)

    def certain(images: np.ndarray) -> np.ndarray:
        return np.tile(np.array([[0, 1]], np.float32), (len(images), 1))

    assert np.isfinite(occlusion_maps(pixels, certain(pixels[np.newaxis])[0], certain)).all()


def test_a_cover_that_is_not_judged_tells_nothing() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (16, 16), dtype=np.uint8)

    def undefined(images: np.ndarray) -> np.ndarray:
        return np.full((len(images), 2), np.nan, np.float32)

    assert not occlusion_maps(pixels, np.array([0.3, 0.7], np.float32), undefined).any()


def test_one_of_three_classes_gains_nothing_from_how_the_others_share() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (16, 16), dtype=np.uint8)
    whole = np.array([0.5, 0.5 - 1e-9, 1e-9], np.float32)

    def shared(images: np.ndarray) -> np.ndarray:
        return np.tile(np.array([[0.5, 0.3, 0.2]], np.float32), (len(images), 1))

    assert occlusion_maps(pixels, whole, shared)[0] == pytest.approx(0, abs=1e-6)


def test_a_model_is_asked_as_often_as_it_says(bundle: Path) -> None:
    predictor = load(bundle)
    pixels = np.full((SIDE, SIDE), 200, np.uint8)
    asked: list[int] = []

    def predict(images: np.ndarray) -> np.ndarray:
        asked.append(len(images))
        return predictor.probabilities(images)

    maps = occlusion_maps(pixels, predictor.probabilities(pixels[np.newaxis])[0], predict)
    assert asked == [PREDICTIONS]
    assert maps.shape == (2, PLACES, PLACES)
    assert occlusion.PREDICTIONS < 100  # as the documentation says
