"""The predictions of a trained network for the validation images, unchanged and changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pneumoscope.dataset import PreparedSet
from pneumoscope.dataset.sources import weigh_each
from pneumoscope.engine import open_session
from pneumoscope.graph import IMAGE, PROBABILITIES
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.imaging.changes import CHANGES, Grey
from pneumoscope.parallel import in_parallel, usable_cores
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


class Exported:
    """An exported network, as what gives images probabilities.

    Args:
        network: path or content of the ONNX file.
    """

    def __init__(self, network: Path | bytes) -> None:
        self._session = open_session(network, usable_cores())

    def predict_on_batch(self, x: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Predicts the probabilities (n, classes) of images (n, height, width, 1)."""
        found: NDArray[np.float32] = self._session.run([PROBABILITIES], {IMAGE: x})[0]
        return found


def score_unchanged(network: Scorer, prepared: PreparedSet, batch_size: int) -> ValidationScores:
    """Scores the validation images as they are; the first that `score_validation` returns."""
    return _score(network, prepared, [read_split(prepared, Split.VAL)], batch_size)


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
    images = read_split(prepared, Split.VAL)
    shown = [images, *(in_parallel(CHANGES[name], images) for name in CHOSEN_ON)]
    scores = _score(network, prepared, shown, batch_size)
    return scores.pick(np.arange(len(scores.labels)) < len(images)), scores


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


def _score(
    network: Scorer, prepared: PreparedSet, shown: Sequence[Sequence[Grey]], batch_size: int
) -> ValidationScores:
    """Scores versions of the validation images, one after the other."""
    records, times = prepared.images.published(Split.VAL), len(shown)
    labels, sources = [each.label for each in records], [each.source for each in records]
    return ValidationScores(
        np.tile(np.array(labels, dtype=np.int64), times),
        np.concatenate([_probabilities(network, images, batch_size) for images in shown]),
        np.tile(np.array([each.patient for each in records], dtype=np.str_), times),
        np.tile(np.array(sources, dtype=np.str_), times),
        np.tile(weigh_each(sources, labels), times),
    )
