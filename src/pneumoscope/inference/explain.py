"""Heatmaps made of signed maps of places, and their overlays on radiographs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.inference.colours import INFERNO

# Opaque enough to be seen, transparent enough to see the lung behind it.
_OPACITY = 0.55
_STRONG = 98  # percentile


def evidence(class_map: NDArray[np.float32]) -> NDArray[np.float32]:
    """Computes the positive evidence for a class, relative to the strongest places.

    Args:
        class_map: what covering each place takes from the score of the class, float32 of shape
            (h, w).

    Returns:
        The heatmap, float32 of shape (h, w) in [0, 1]; all zero if there is no positive evidence.
    """
    positive = np.maximum(class_map, 0.0)
    if not positive.any():
        return positive
    # Relative to a high percentile: relative to a single maximum, all others may vanish.
    strong = float(np.percentile(positive[positive > 0], _STRONG))
    return np.minimum(positive / strong, np.float32(1.0))


def enlarged(heatmap: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Enlarges a heatmap to a picture that it is laid over.

    Args:
        heatmap: the heatmap, float32 of any smaller size, 0 to 1.
        shape: height and width of the picture.

    Returns:
        float32 of this shape, in [0, 1].
    """
    height, width = shape
    coarse = Image.fromarray(np.nan_to_num(heatmap))
    fine = coarse.resize((width, height), Image.Resampling.BICUBIC)
    strength: NDArray[np.float32] = np.clip(np.asarray(fine), 0.0, 1.0)
    return strength


def overlay(image: NDArray[np.uint8], heatmap: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lays a heatmap over a radiograph.

    Places without evidence keep their grey; the stronger the evidence, the more they turn from
    dark violet through orange to yellow, which also reads in black and white.

    Args:
        image: the radiograph, uint8 of shape (h, w).
        heatmap: the heatmap, float32 of any smaller size, 0 to 1.

    Returns:
        The overlay, RGB, uint8 of shape (h, w, 3).
    """
    shade, opacity = _tint(heatmap, image.shape)
    grey = (1 - opacity) * image
    result = np.empty((*image.shape, 3), np.uint8)
    for channel, colours in enumerate(INFERNO.T):  # all at once takes half as long again
        result[..., channel] = (grey + opacity * colours.take(shade)).round()
    return result


def layer(heatmap: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Draws a heatmap alone, to be laid over a radiograph by a viewer.

    Args:
        heatmap: the heatmap, float32 of any smaller size, 0 to 1.
        shape: height and width of the radiograph.

    Returns:
        RGBA, uint8 of shape (h, w, 4), alpha not multiplied in: over the radiograph it is the
        `overlay`, within one grey level.
    """
    shade, opacity = _tint(heatmap, shape)
    return np.dstack([INFERNO[shade], (255 * opacity).round().astype(np.uint8)])


def _tint(
    heatmap: NDArray[np.float32], shape: tuple[int, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Computes of each place the index of its colour, and its opacity, 0 to 1."""
    strength = enlarged(heatmap, shape)
    shade = (strength * (len(INFERNO) - 1)).round().astype(np.uint8)
    return shade, np.float32(_OPACITY) * np.sqrt(strength)


def colour_bar(width: int, height: int) -> NDArray[np.uint8]:
    """Draws the colours of overlays as they look over mid grey, from no evidence to the strongest.

    Args:
        width: width in pixels.
        height: height in pixels.

    Returns:
        The bar, RGB, uint8 of shape (height, width, 3).
    """
    rising = np.linspace(0, 1, width, dtype=np.float32)[np.newaxis]
    return overlay(np.full((height, width), 128, np.uint8), rising)
