"""Fit of the distances of a gate to training images, and of its levels to validation images.

See `docs/adr/0016-refusal.md`. Needs scikit-learn, and is imported by the training only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.covariance import ledoit_wolf

from pneumoscope.gate.appearance import Descriptors
from pneumoscope.gate.distance import TrainingDistance
from pneumoscope.gate.levels import GateLevel, GateLevels, score_distances
from pneumoscope.graph import FEATURES
from pneumoscope.statistics import IntArray, StrArray, upper_threshold

REFUSED = 0.01
"""Fraction of images like the validation images that may be refused."""

WARNED = 0.05
"""Fraction of images like the validation images that may be warned of."""

FEWEST_IMAGES = 20
_NOTHING = 1e-12  # a smaller variance is that of a constant
_HARDLY = 1e-3  # least standard deviation that counts, as a fraction of the greatest


def fit_gate(
    training: Mapping[str, Descriptors],
    kinds: Sequence[tuple[str, int]],
    validation: Mapping[str, Descriptors],
    patients: StrArray,
) -> tuple[GateLevels, dict[str, TrainingDistance]] | None:
    """Fits the distances of a gate to training images, and its levels to validation images.

    There is a distance for each kind of descriptors, the network's features among them. The
    fraction of images that may be warned of is divided among them. It is measured from the nearest
    group of training images: those of a class, or where sources are known, of a class and source.

    Training images lie nearer than any others, since the network was fitted to them. So they give
    means and covariance only, and the levels are chosen on images that were not used for these.

    Args:
        training: descriptors of n training images without augmentation, by kind.
        kinds: source and class of each training image, n of them; an empty source is not known.
        validation: descriptors of m validation images, of the same kinds.
        patients: patient keys of the validation images, shape (m,).

    Returns:
        The levels, and the distances by kind; None with fewer than `FEWEST_IMAGES` validation
        images, or where the features do not vary.
    """
    if len(patients) < FEWEST_IMAGES:
        return None
    groups, sources = _group(kinds)
    fitted = {kind: fit_distance(described, groups) for kind, described in training.items()}
    distances = {kind: distance for kind, distance in fitted.items() if distance is not None}
    if FEATURES not in distances:
        return None
    levels = choose_levels(distances, validation, patients, sources, tuple(distances))
    return levels, distances


def choose_levels(
    distances: Mapping[str, TrainingDistance],
    validation: Mapping[str, Descriptors],
    patients: StrArray,
    sources: tuple[str, ...],
    scored: tuple[str, ...],
) -> GateLevels:
    """Chooses the levels of distances on images that these were not fitted to.

    Args:
        distances: distances by kind of descriptors, the network's features among them.
        validation: descriptors of m images, of the same kinds.
        patients: patient keys of these images, shape (m,).
        sources: source of each group that the distances are from; empty if sources are not told.
        scored: kinds of the descriptors whose distances make the out-of-distribution score.
    """
    measured = {kind: distance.measure(validation[kind]) for kind, distance in distances.items()}
    share = WARNED / len(measured)
    warn = {kind: GateLevel(*upper_threshold(far, share)) for kind, far in measured.items()}
    refuse = GateLevel(*upper_threshold(score_distances(measured, scored), REFUSED))
    return GateLevels(
        warn, refuse, len(patients), len(np.unique(patients)), sources=sources, scored=scored
    )


def _group(kinds: Sequence[tuple[str, int]]) -> tuple[IntArray, tuple[str, ...]]:
    """Groups images by source and class: numbers of the groups, and the source of each.

    A source with fewer images of a class than `FEWEST_IMAGES` counts with the largest source of
    that class: the mean of so few would show them.
    """
    counts = Counter(kinds)
    largest = {kind[1]: kind for kind, _ in reversed(counts.most_common())}
    joined = [kind if counts[kind] >= FEWEST_IMAGES else largest[kind[1]] for kind in kinds]
    names = sorted(set(joined))
    numbers = {kind: number for number, kind in enumerate(names)}
    groups = np.array([numbers[kind] for kind in joined], dtype=np.int64)
    sources = tuple(source for source, _ in names)
    return groups, sources if any(sources) else ()


def fit_distance(descriptors: Descriptors, groups: IntArray) -> TrainingDistance | None:
    """Fits a mean for each group, and one shrunk covariance for all (Ledoit and Wolf 2004).

    The descriptors are standardised before the shrinkage, in which those of small variance would
    otherwise be lost.

    Args:
        descriptors: descriptors of the training images, shape (n, k).
        groups: number of the group of each image, shape (n,); groups are in rising order.

    Returns:
        The distance; None if the descriptors do not vary within the groups, or are not all finite.
    """
    if not np.isfinite(descriptors).all():
        return None
    present = np.unique(groups)
    exact = descriptors.astype(np.float64)
    means = np.stack([exact[groups == group].mean(axis=0) for group in present])
    centred = exact - means[np.searchsorted(present, groups)]
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
    """Describes the gate, or says why there is none, in one line."""
    if levels is None:
        return (
            f"No gate: it takes {FEWEST_IMAGES} validation images and features that vary. "
            "The model will refuse nothing"
        )
    warnings = ", ".join(
        f"{level.distance:.2f} in {name} ({level.share:.1%} of such images)"
        for name, level in levels.warn.items()
    )
    refuse = levels.refuse
    return (
        f"Gate, on {levels.images} images of {levels.patients} validation patients: warns above "
        f"a distance of {warnings}; refuses above {refuse.distance:.2f} in "
        f"{levels.scored_text} ({refuse.share:.1%})"
    )
