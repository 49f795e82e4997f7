"""The distances of a gate, fitted to training images, and its levels, chosen on validation images.

See `docs/adr/0016-refusal.md`. Needs scikit-learn, and is imported by what trains alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.covariance import ledoit_wolf

from pneumoscope.gate.appearance import Descriptors
from pneumoscope.gate.distance import TrainingDistance
from pneumoscope.gate.levels import GateLevel, GateLevels
from pneumoscope.graph import FEATURES
from pneumoscope.statistics import IntArray, StrArray, upper_threshold

REFUSED = 0.01
WARNED = 0.05
"""Shares of images like the validation images that may be refused, and warned of."""

FEWEST_IMAGES = 20
_NOTHING = 1e-12  # a variance below this is that of a constant
_HARDLY = 1e-3  # of the widest spread: features that vary less count as if they varied so much


def fit_gate(
    training: Mapping[str, Descriptors],
    labels: IntArray,
    validation: Mapping[str, Descriptors],
    patients: StrArray,
) -> tuple[GateLevels, dict[str, TrainingDistance]] | None:
    """Fits the gate of a network: to its training images, with levels for validation patients.

    There is a distance for each kind of descriptors, the network's features among them. They share
    what may be warned of between them.

    Training images lie nearer than any others, since the network has learnt them. So they give
    means and covariance only, and what is far is told by images that took no part in these.

    Args:
        training: descriptors of n training images as they are, unchanged, by kind.
        labels: their classes, shape (n,).
        validation: descriptors of m validation images, of the same kinds.
        patients: keys of their patients, shape (m,).

    Returns:
        The levels and the distances that they are levels of, by kind; None with fewer than
        `FEWEST_IMAGES` validation images, and for features without any spread.
    """
    if len(patients) < FEWEST_IMAGES:
        return None
    fitted = {kind: fit_distance(described, labels) for kind, described in training.items()}
    distances = {kind: distance for kind, distance in fitted.items() if distance is not None}
    if FEATURES not in distances:
        return None
    measured = {kind: distance.measure(validation[kind]) for kind, distance in distances.items()}
    share = WARNED / len(measured)
    warn = {kind: GateLevel(*upper_threshold(far, share)) for kind, far in measured.items()}
    refuse = GateLevel(*upper_threshold(measured[FEATURES], REFUSED))
    return GateLevels(warn, refuse, len(patients), len(np.unique(patients))), distances


def fit_distance(descriptors: Descriptors, labels: IntArray) -> TrainingDistance | None:
    """Fits a mean for each class, and one shrunk covariance for all (Ledoit and Wolf 2004).

    The numbers are brought to one scale before the shrinking, which would drown the small ones
    otherwise.

    Args:
        descriptors: of the training images, shape (n, k).
        labels: their classes, shape (n,).

    Returns:
        The distance; None if they do not differ within the classes, or one is not finite.
    """
    if not np.isfinite(descriptors).all():
        return None
    present = np.unique(labels)
    exact = descriptors.astype(np.float64)
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
    return TrainingDistance(means.astype(np.float32), whitening.astype(np.float32))


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
