"""Where the features of the training images lie, and how far off validation images are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf

from pneumoscope.dataset import PreparedSet
from pneumoscope.statistics import Familiarity, IntArray, upper_threshold
from pneumoscope.training.export import SEEN_BY_LAST_LAYER, run_onnx
from pneumoscope.training.validate import read_split
from pneumoscope.types import GateLevel, GateLevels, Split

REFUSED = 0.01
WARNED = 0.05
"""Shares of images like the validation images that may lie beyond each level."""

FEWEST_IMAGES = 20
_NOTHING = 1e-12  # a variance below this is that of a constant


def fit_gate(network: Path, prepared: PreparedSet) -> tuple[GateLevels, Familiarity] | None:
    """Fits the gate of a network: to its training images, with levels for validation patients.

    Training images lie nearer than any others, since the network has learnt them. So they give
    means and covariance only, and what is far is told by images that took no part in these.

    Args:
        network: as `export_onnx` wrote it.
        prepared: the data that it was trained on, whose images are seen as they are, unchanged.

    Returns:
        The levels and the distance that they are levels of; None with fewer than `FEWEST_IMAGES`
        validation images, and for features without any spread.
    """
    training, validation = (prepared.images.published(split) for split in (Split.TRAIN, Split.VAL))
    if len(validation) < FEWEST_IMAGES:
        return None
    labels = np.array([record.label for record in training], dtype=np.int64)
    familiarity = fit_familiarity(_features(network, prepared, Split.TRAIN), labels)
    if familiarity is None:
        return None
    distances = familiarity.distances(_features(network, prepared, Split.VAL))
    warn, refuse = (GateLevel(*upper_threshold(distances, share)) for share in (WARNED, REFUSED))
    patients = len({record.patient for record in validation})
    return GateLevels(warn, refuse, len(validation), patients), familiarity


def fit_familiarity(features: NDArray[np.float32], labels: IntArray) -> Familiarity | None:
    """A mean for each class, and one shrunk covariance for all (Ledoit and Wolf 2004).

    Args:
        features: of the training images, shape (n, k).
        labels: their classes, shape (n,).

    Returns:
        The distance; None if the features do not differ within the classes, or are no numbers.
    """
    if not np.isfinite(features).all():
        return None
    present = np.unique(labels)
    exact = features.astype(np.float64)
    means = np.stack([exact[labels == label].mean(axis=0) for label in present])
    centred = exact - means[np.searchsorted(present, labels)]
    covariance, _ = ledoit_wolf(centred, assume_centered=True)
    variances, axes = np.linalg.eigh(covariance)
    if variances.max() < _NOTHING:
        return None
    kept = variances > _NOTHING * variances.max()
    whitening = axes[:, kept] / np.sqrt(variances[kept])
    return Familiarity(means.astype(np.float32), whitening.astype(np.float32))


def describe_gate(levels: GateLevels | None) -> str:
    """What the gate does, or why there is none, in one line."""
    if levels is None:
        return (
            f"No gate: it takes {FEWEST_IMAGES} validation images and features that differ. "
            "The model will refuse nothing"
        )
    warn, refuse = levels.warn, levels.refuse
    return (
        f"Gate, on {levels.images} images of {levels.patients} validation patients: warns above "
        f"a distance of {warn.distance:.2f} ({warn.share:.1%} of such images), refuses above "
        f"{refuse.distance:.2f} ({refuse.share:.1%})"
    )


def _features(network: Path, prepared: PreparedSet, split: Split) -> NDArray[np.float32]:
    images = np.stack(read_split(prepared, split))
    return run_onnx(network, images[..., np.newaxis], SEEN_BY_LAST_LAYER)
