"""The predictions of a trained network for the validation images, unchanged and changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pneumoscope.dataset import PreparedSet
from pneumoscope.dataset.sources import weigh_each
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.imaging.changes import CHANGES, Grey
from pneumoscope.parallel import in_parallel
from pneumoscope.statistics import FloatArray
from pneumoscope.training.calibrate import ValidationScores
from pneumoscope.types import Geometry, ImageRecord, Split

CHOSEN_ON = (
    *("zoom-in", "zoom-out", "wider", "taller", "rotation", "shift", "crop", "flip"),
    *("darker", "brighter", "low-contrast", "high-contrast", "low-gamma", "high-gamma"),
    *("blur", "noise", "jpeg", "borders", "corners"),
)
"""Changes of `imaging.changes` on whose copies thresholds are chosen.

Another list gives the same training other thresholds, so that a new change of `stress` is not added
here by itself.
"""


class Scorer(Protocol):
    """What gives images probabilities, such as a network of Keras."""

    def predict_on_batch(self, x: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Predicts the probabilities (n, classes) of images (n, height, width, 1)."""


def score_validation(
    network: Scorer, prepared: PreparedSet, batch_size: int
) -> tuple[ValidationScores, ValidationScores]:
    """Scores the validation images, and copies of them after each change of `CHOSEN_ON`.

    Args:
        network: the network, which gives probabilities (n, classes).
        prepared: the data that it was trained on.
        batch_size: number of images in a batch.

    Returns:
        The scores of the unchanged images; and of these and the changed copies together. Sources
        count alike within their class, whatever counts in the training. Classes keep their shares,
        for which probabilities are to hold.
    """
    records = prepared.images.published(Split.VAL)
    images = read_split(prepared, Split.VAL)
    shown = [images, *(in_parallel(CHANGES[name], images) for name in CHOSEN_ON)]
    probabilities = [_probabilities(network, copies, batch_size) for copies in shown]
    weights = weigh_each([each.source for each in records], [each.label for each in records])
    return _label(records, probabilities[:1], weights), _label(records, probabilities, weights)


def read_split(prepared: PreparedSet, split: Split) -> list[Grey]:
    """Reads the images of a split, in the order of their records."""
    return read_images(prepared.images.published(split), prepared.geometry)


def read_images(records: Sequence[ImageRecord], geometry: Geometry) -> list[Grey]:
    """Reads prepared images, in the order of their records."""
    return in_parallel(partial(_read, geometry), records)


def _read(geometry: Geometry, record: ImageRecord) -> Grey:
    return load_pixels(read_bytes(record.path), geometry)


def _probabilities(network: Scorer, images: Sequence[Grey], batch_size: int) -> FloatArray:
    batches = range(0, len(images), batch_size)
    probabilities = [
        network.predict_on_batch(np.stack(images[start : start + batch_size])[..., np.newaxis])
        for start in batches
    ]
    return np.concatenate(probabilities).astype(np.float64)


def _label(
    records: Sequence[ImageRecord], probabilities: Sequence[FloatArray], weights: FloatArray
) -> ValidationScores:
    times = len(probabilities)
    labels = np.array([record.label for record in records], dtype=np.int64)
    patients = np.array([record.patient for record in records], dtype=np.str_)
    sources = np.array([record.source for record in records], dtype=np.str_)
    return ValidationScores(
        np.tile(labels, times),
        np.concatenate(probabilities),
        np.tile(patients, times),
        np.tile(sources, times),
        np.tile(weights, times),
    )
