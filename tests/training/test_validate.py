"""Validation images are scored as they are and after each change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pneumoscope.dataset import PreparedSet
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.imaging.changes import CHANGES
from pneumoscope.training.validate import CHOSEN_ON, score_validation
from pneumoscope.types import Split

pytestmark = pytest.mark.keras


class Brightness:
    """Says how bright the first rows of an image are."""

    def predict_on_batch(self, images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8
        assert len(images) <= 7
        bright = images[:, :4].mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - bright, bright], axis=1).astype(np.float32)


def test_each_score_is_that_of_its_image_change_and_patient(prepared: PreparedSet) -> None:
    records = prepared.images.published(Split.VAL)
    plain, changed = score_validation(Brightness(), prepared, 7)
    assert np.array_equal(changed.weights, np.ones(len(changed.labels)))
    assert len(plain.labels) == len(records)
    assert len(changed.labels) == len(records) * (1 + len(CHOSEN_ON))
    assert np.array_equal(changed.probabilities[: len(records)], plain.probabilities)

    index, number = 3, 1 + CHOSEN_ON.index("borders")
    at = number * len(records) + index
    pixels = load_pixels(read_bytes(records[index].path), prepared.geometry)
    expected = CHANGES["borders"](pixels)[:4].mean() / 255
    assert changed.probabilities[at, 1] == pytest.approx(expected, abs=1e-6)
    assert changed.labels[at] == records[index].label
    assert changed.patients[at] == records[index].patient


def test_sources_count_alike_within_their_class(prepared: PreparedSet) -> None:
    records = list(prepared.images.records)
    other = next(at for at, each in enumerate(records) if each.split is Split.VAL)
    records[other] = replace(records[other], groups={"source": "other"})
    images = replace(prepared.images, records=tuple(records))
    plain, changed = score_validation(Brightness(), replace(prepared, images=images), 7)
    label = records[other].label
    of_class = plain.weights[plain.labels == label]
    assert of_class.max() == pytest.approx(len(of_class) / 2)
    assert of_class.sum() == pytest.approx(len(of_class))
    assert plain.weights[plain.labels != label] == pytest.approx(1.0)
    assert np.array_equal(changed.weights, np.tile(plain.weights, 1 + len(CHOSEN_ON)))


def test_a_change_that_is_new_moves_no_thresholds(
    prepared: PreparedSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = score_validation(Brightness(), prepared, 7)[1]
    more = {"new": CHANGES["flip"], **CHANGES}
    monkeypatch.setattr("pneumoscope.training.validate.CHANGES", more)
    after = score_validation(Brightness(), prepared, 7)[1]
    assert np.array_equal(before.probabilities, after.probabilities)
