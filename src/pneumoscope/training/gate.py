"""Where the training images lie, and how far off validation images are.

See `docs/adr/0016-refusal.md`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf

from pneumoscope.dataset import PreparedSet
from pneumoscope.graph import FEATURES
from pneumoscope.imaging import APPEARANCES
from pneumoscope.statistics import Familiarity, IntArray, upper_threshold
from pneumoscope.training.export import run_onnx
from pneumoscope.training.validate import read_split
from pneumoscope.types import GateLevel, GateLevels, Split

REFUSED = 0.01
WARNED = 0.05
"""Shares of images like the validation images that may be refused, and warned of."""

FEWEST_IMAGES = 20
_NOTHING = 1e-12  # a variance below this is that of a constant
_HARDLY = 1e-3  # of the widest spread: features that vary less count as if they varied so much

Familiarities = dict[str, Familiarity]


def fit_gate(network: Path, prepared: PreparedSet) -> tuple[GateLevels, Familiarities] | None:
    """Fits the gate of a network: to its training images, with levels for validation patients.

    There is a distance for the network's features, and one for each appearance. They share what
    may be warned of between them.

    Training images lie nearer than any others, since the network has learnt them. So they give
    means and covariance only, and what is far is told by images that took no part in these.

    Args:
        network: as `export_onnx` wrote it.
        prepared: the data that it was trained on, whose images are seen as they are, unchanged.

    Returns:
        The levels and the distances that they are levels of; None with fewer than
        `FEWEST_IMAGES` validation images, and for features without any spread.
    """
    training, validation = (prepared.images.published(split) for split in (Split.TRAIN, Split.VAL))
    if len(validation) < FEWEST_IMAGES:
        return None
    labels = np.array([record.label for record in training], dtype=np.int64)
    known, other = (_measure(network, prepared, split) for split in (Split.TRAIN, Split.VAL))
    fitted = {name: fit_familiarity(numbers, labels) for name, numbers in known.items()}
    familiarities = {name: found for name, found in fitted.items() if found is not None}
    if FEATURES not in familiarities:
        return None
    distances = {name: found.distances(other[name]) for name, found in familiarities.items()}
    share = WARNED / len(distances)
    warn = {name: GateLevel(*upper_threshold(far, share)) for name, far in distances.items()}
    refuse = GateLevel(*upper_threshold(distances[FEATURES], REFUSED))
    patients = len({record.patient for record in validation})
    return GateLevels(warn, refuse, len(validation), patients), familiarities


def fit_familiarity(features: NDArray[np.float32], labels: IntArray) -> Familiarity | None:
    """A mean for each class, and one shrunk covariance for all (Ledoit and Wolf 2004).

    Features are brought to one scale before the shrinking, which would drown those of small
    numbers otherwise.

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
    spread = centred.std(axis=0)
    if spread.max() ** 2 < _NOTHING:
        return None
    scale = np.maximum(spread, _HARDLY * spread.max())
    covariance, _ = ledoit_wolf(centred / scale, assume_centered=True)
    variances, axes = np.linalg.eigh(covariance)
    kept = variances > _NOTHING * variances.max()
    whitening = axes[:, kept] / np.sqrt(variances[kept]) / scale[:, np.newaxis]
    return Familiarity(means.astype(np.float32), whitening.astype(np.float32))


def describe_gate(levels: GateLevels | None) -> str:
    """What the gate does, or why there is none, in one line."""
    if levels is None:
        return (
            f"No gate: it takes {FEWEST_IMAGES} validation images and features that differ. "
            "The model will refuse nothing"
        )
    warnings = ", ".join(
        f"{level.distance:.2f} in {name} ({level.share:.1%} of such images)"
        for name, level in levels.warn.items()
    )
    refuse = levels.refuse
    return (
        f"Gate, on {levels.images} images of {levels.patients} validation patients: warns above "
        f"a distance of {warnings}; refuses above {refuse.distance:.2f} in {FEATURES} "
        f"({refuse.share:.1%})"
    )


def _measure(network: Path, prepared: PreparedSet, split: Split) -> dict[str, NDArray[np.float32]]:
    images = np.stack(read_split(prepared, split))
    features = run_onnx(network, images[..., np.newaxis], FEATURES)
    appearances = {name: numbers(images) for name, numbers in APPEARANCES.items()}
    return {FEATURES: features, **appearances}
