"""The figure by which a trial is judged: the log-loss of validation patients."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pneumoscope.dataset import PreparedSet
from pneumoscope.inference import load
from pneumoscope.training.validate import read_split
from pneumoscope.types import Split

_BATCH = 64
_LEAST = 1e-7  # probability, below which a loss does not grow


def validation_loss(bundle: Path, prepared: PreparedSet) -> float:
    """Computes the log-loss of a bundle on the validation split, each patient counting once.

    Probabilities are those of the bundle, after calibration. No image of another split is read.

    Args:
        bundle: the bundle.
        prepared: the data, whose geometry is that of the bundle.

    Returns:
        The mean over patients of the mean loss of their images, in nats.

    Raises:
        BundleError: if the bundle cannot be used.
    """
    records = prepared.images.published(Split.VAL)
    images = np.stack(read_split(prepared, Split.VAL))
    predictor = load(bundle)
    parts = [
        predictor.probabilities(images[start : start + _BATCH])
        for start in range(0, len(images), _BATCH)
    ]
    labels = [record.label for record in records]
    given = np.concatenate(parts).astype(np.float64)[np.arange(len(labels)), labels]
    losses = -np.log(np.maximum(given, _LEAST))
    _, patient = np.unique([record.patient for record in records], return_inverse=True)
    sums, counts = np.bincount(patient, weights=losses), np.bincount(patient)
    return float(np.mean(sums / counts))
