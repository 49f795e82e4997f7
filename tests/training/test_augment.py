"""Training images are changed at random, and keep their class."""

from __future__ import annotations

import numpy as np
import pytest

from pneumoscope.training.architectures import find
from pneumoscope.training.augment import (
    HideLungs,
    RandomCovers,
    RandomDetail,
    RandomExposure,
    RandomView,
    with_augmentation,
)
from pneumoscope.training.backend import keras
from pneumoscope.types import Geometry

pytestmark = pytest.mark.keras

CHANGES = [RandomView, RandomExposure, RandomDetail, RandomCovers]


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Slopes of grey with a bright corner: 64 times the same, in 0 to 1."""
    rows, columns = np.indices((40, 48))
    image = 0.2 + 0.4 * rows / 40 + 0.1 * columns / 48
    image[2:8, 3:12] = 0.9
    return np.repeat(image[np.newaxis, ..., np.newaxis], 64, axis=0).astype(np.float32)


@pytest.mark.parametrize("change", CHANGES)
def test_most_images_are_changed_and_each_otherwise(change: type, images: np.ndarray) -> None:
    keras.utils.set_random_seed(1)
    layer = change()
    assert np.array_equal(layer(images), images)
    changed = np.asarray(layer(images, training=True))
    assert changed.shape == images.shape
    assert 0 <= changed.min() <= changed.max() <= 1
    moved = np.abs(changed - images).max(axis=(1, 2, 3)) > 1e-3
    # Of the covers, one image in six is given none.
    assert 0.5 < moved.mean() < 0.95
    assert len(np.unique(changed[moved], axis=0)) == moved.sum()


def hold_still(monkeypatch: pytest.MonkeyPatch, *, field: float) -> None:
    still = {"TURN": 0, "FIELD": (field, field), "ASPECT": 1, "SHEAR": 0, "SHIFT": 0}
    for name, value in still.items():
        monkeypatch.setattr(RandomView, name, value)


def test_view_without_any_move_is_the_image_or_its_mirror(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_still(monkeypatch, field=1.0)
    seen = np.asarray(RandomView().change(images))
    as_it_is = np.abs(seen - images).max(axis=(1, 2, 3)) < 1e-4
    mirrored = np.abs(seen - images[:, :, ::-1]).max(axis=(1, 2, 3)) < 1e-4
    assert np.all(as_it_is ^ mirrored)
    assert 0.2 < mirrored.mean() < 0.8


def test_view_of_half_the_field_shows_the_middle(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "TURN": 0,
        "FIELD": (0.5, 0.5),
        "ASPECT": 1,
        "SHEAR": 0,
        "SHIFT": 0,
    }.items():
        monkeypatch.setattr(RandomView, name, value)
    seen = np.asarray(RandomView().change(images))[..., 0]
    down = (np.arange(40) - 19.5) / 2 + 19.5
    expected = 0.2 + 0.4 * down / 40 + 0.1 * 23.5 / 48
    assert seen[:, :, 23:25].mean(axis=2) == pytest.approx(np.tile(expected, (64, 1)), abs=1e-4)


def test_network_is_changed_images_only_while_training() -> None:
    network = find("baseline")(Geometry(40, 48), 2)
    augmented = with_augmentation(network)
    images = np.random.default_rng(0).integers(0, 256, (8, 40, 48, 1), dtype=np.uint8)
    assert augmented.predict_on_batch(images) == pytest.approx(
        network.predict_on_batch(images), abs=1e-6
    )
    before_network = keras.Model(augmented.input, augmented.layers[-3].output)
    assert np.abs(np.asarray(before_network(images, training=True)) - images).mean() > 1
    assert [id(w) for w in augmented.trainable_weights] == [id(w) for w in network.weights]


def test_lungs_of_some_images_are_hidden_and_said_to_be(images: np.ndarray) -> None:
    keras.utils.set_random_seed(1)
    layer = HideLungs()
    unchanged, none = layer(images)
    assert np.array_equal(unchanged, images)
    assert not np.any(none)
    changed, hidden = map(np.asarray, layer(np.repeat(images, 8, axis=0), training=True))
    said = hidden[:, 0] > 0
    assert 0.2 < said.mean() < 0.3
    assert np.array_equal(np.any(changed != images[0], axis=(1, 2, 3)), said)
    height, width = images.shape[1:3]
    for image in changed[said][:, :, :, 0]:
        at = np.argwhere(image != images[0, :, :, 0])
        middle = image[height // 2, width // 2]
        (top, left), (bottom, right) = at.min(axis=0), at.max(axis=0)
        assert 0.5 < (bottom + 1 - top) / height < 0.9
        assert 0.5 < (right + 1 - left) / width < 0.9
        assert np.all(image[top : bottom + 1, left : right + 1] == middle)
