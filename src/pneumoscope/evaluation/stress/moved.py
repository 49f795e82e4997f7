"""Activation maps of changed images beside those of the same images as they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pneumoscope.evaluation.stress.conditions import Condition
from pneumoscope.imaging.changes import ChangeGroup
from pneumoscope.statistics import FloatArray, rank_correlation

_WHITE = 255
_FEWEST = 4  # places: fewer have no order to speak of

Maps = NDArray[np.float32]
"""A map for each image, float32 of shape (n, h, w)."""


def map_correlation(condition: Condition, clean: Maps, changed: Maps) -> FloatArray:
    """How alike two maps of each image put its places into order.

    A change of geometry moves the places. The map of the image as it is is then moved by the same
    change, and only places that were in the picture before are compared.

    Args:
        condition: what was done to the images.
        clean: maps of the n images as they are.
        changed: of the changed images, for the same classes.

    Returns:
        Spearman's correlation over the places, shape (n,); NaN where a map is the same everywhere.
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
    """A map changed as the image was, in 256 steps from its lowest place to its highest."""
    low, high = places.min(), places.max()
    if high <= low:
        return places
    grey = (_WHITE * (places - low) / (high - low)).round().astype(np.uint8)
    return condition.alter(grey, False).astype(np.float32)
