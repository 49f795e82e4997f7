"""Maps by occlusion: what a place is worth to a prediction is what covering it takes away.

Zeiler & Fergus 2014, arXiv:1311.2901. Grad-CAM and its kin need gradients, and are as coarse as the
last feature maps: see docs/adr/0046-heatmaps-by-occlusion.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pneumoscope.task import LEAST_PROBABILITY

PLACES = 8
"""Places of a map along each side."""

_COVER = 2  # places along each side of the cover
_GREYS = (0.25, 0.75)  # of the covers, as quantiles of the image: about that of air, and of tissue
_STEPS = PLACES - _COVER + 1

PREDICTIONS = len(_GREYS) * _STEPS**2
"""Predictions of a network for the maps of one image."""

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Function from pixels, uint8 (n, h, w), to probabilities, float32 (n, c)."""


class _Square(NamedTuple):
    """A square of places, and the pixels that it covers."""

    places: tuple[slice, slice]
    pixels: tuple[slice, slice]


def occlusion_maps(
    pixels: NDArray[np.uint8], probabilities: NDArray[np.float32], predict: Predict
) -> NDArray[np.float32]:
    """Computes for each place what covering it takes away from the score of each class.

    A square of a quarter of each side covers the image in steps of an eighth, once dark and once
    bright, so that neither class gains by the grey of the cover alone. The score of a class is the
    logarithm of its odds. What it loses, the mean of both greys, goes to each of the places under
    the cover in equal parts. A place within the image is under four covers, one at its border
    under two, and in a corner under one.

    Args:
        pixels: pixels of one image, uint8 of shape (h, w).
        probabilities: probabilities of the c classes for this image, float32 of shape (c,).
        predict: the network.

    Returns:
        Signed maps, float32 of shape (c, PLACES, PLACES): above 0 where the place speaks for the
        class.
    """
    squares = _squares(*pixels.shape)
    covered = np.repeat(pixels[np.newaxis], PREDICTIONS, axis=0)
    greys = np.quantile(pixels, _GREYS).round().astype(np.uint8)
    for index, image in enumerate(covered):
        image[squares[index // len(greys)].pixels] = greys[index % len(greys)]
    lost = np.nan_to_num(_scores(probabilities) - _scores(predict(covered)))  # NaN tells nothing
    maps = np.zeros((len(probabilities), PLACES, PLACES))
    for square, each in zip(squares, lost.reshape(len(squares), len(greys), -1), strict=True):
        maps[:, *square.places] += each.mean(axis=0)[:, np.newaxis, np.newaxis] / _COVER**2
    return maps.astype(np.float32)


def count_covers() -> NDArray[np.int64]:
    """Counts the covers over each place, int64 of shape (PLACES, PLACES)."""
    covers = np.zeros((PLACES, PLACES), np.int64)
    for square in _squares(PLACES, PLACES):
        covers[square.places] += 1
    return covers


def _squares(height: int, width: int) -> list[_Square]:
    """Lists all squares of `_COVER` places a side that lie within an image."""
    down, across = (
        np.linspace(0, side, PLACES + 1).round().astype(int) for side in (height, width)
    )
    corners = np.ndindex(_STEPS, _STEPS)
    return [
        _Square(
            (slice(row, row + _COVER), slice(column, column + _COVER)),
            (
                slice(down[row], down[row + _COVER]),
                slice(across[column], across[column + _COVER]),
            ),
        )
        for row, column in corners
    ]


def _scores(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Computes the log odds of classes from their probabilities, both of shape (..., c)."""
    own = probabilities.astype(np.float64)
    others = own @ (1 - np.eye(own.shape[-1]))
    own, others = (np.log(np.maximum(each, LEAST_PROBABILITY)) for each in (own, others))
    scores: NDArray[np.float64] = own - others
    return scores
