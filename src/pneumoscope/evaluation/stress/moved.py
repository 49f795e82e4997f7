"""The agreement of the activation maps of changed images with those of the unchanged images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pneumoscope.evaluation.stress.conditions import Condition
from pneumoscope.imaging.changes import ChangeGroup
from pneumoscope.statistics import FloatArray, rank_correlation

_WHITE = 255
_FEWEST = 4  # places: a rank correlation of fewer says nothing

Maps = NDArray[np.float32]
"""A map for each image, float32 of shape (n, h, w)."""


def map_correlation(condition: Condition, clean: Maps, changed: Maps) -> FloatArray:
    """Computes the rank correlation of two maps of each image, unchanged and changed.

    A change of geometry moves the places. The map of the unchanged image is then moved by the
    same change, and only places that were in the image before are compared.

    Args:
        condition: the condition of the changed images.
        clean: maps of the n unchanged images.
        changed: maps of the n changed images, for the same classes.

    Returns:
        Spearman's correlation over the places, shape (n,); NaN where a map has one value
        everywhere.
    """
    inside = np.ones(clean.shape[1:], bool)
    if condition.group is ChangeGroup.GEOMETRY:
        inside = condition.alter(np.full(clean.shape[1:], _WHITE, np.uint8), False) == _WHITE
        clean = np.stack([_moved(condition, places) for places in clean])
    if np.count_nonzero(inside) < _FEWEST:
        return np.full(len(clean), np.nan)
    first, second = (maps[:, inside].astype(np.float64) for maps in (clean, changed))
    return rank_correlation(first, second)


def _moved(condition: Condition, places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Changes a map as its image, in 256 steps from its lowest value to its highest."""
    low, high = places.min(), places.max()
    if high <= low:
        return places
    grey = (_WHITE * (places - low) / (high - low)).round().astype(np.uint8)
    return condition.alter(grey, False).astype(np.float32)
