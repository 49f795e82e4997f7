"""Functions that alter the pixels of one image by an amount: uint8 (h, w) to uint8 (h, w).

Lengths are fractions of the image's side and grey levels are fractions of its range, so that images
of 128 and 224 pixels are altered alike (except by JPEG and noise, which act on single pixels).
Places from outside of the picture are black.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Grey = NDArray[np.uint8]
"""One image, uint8 of shape (h, w), 0 black to 255 white."""

_NOISE_SEED = 20260101
_COVER = 128  # neither black nor white, and the same in all images
_LUNGS = (0.15, 0.85, 0.12, 0.88)  # top, bottom, left, right


def hide_lungs(pixels: Grey) -> Grey:
    """Covers 70 % of the height and 76 % of the width by a grey rectangle.

    It is the same for all images: a mask that followed the lungs could tell the class by its shape.
    """
    height, width = pixels.shape
    top, bottom, left, right = _LUNGS
    hidden = pixels.copy()
    hidden[_px(top, height) : _px(bottom, height), _px(left, width) : _px(right, width)] = _COVER
    return hidden


def zoom(pixels: Grey, factor: float) -> Grey:
    """Enlarges by a factor about the centre; below 1, shrinks."""
    half = 0.5 / factor
    return _window(pixels, 0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half)


def widen(pixels: Grey, factor: float) -> Grey:
    """Stretches sideways by a factor; both sides are cut off."""
    half = 0.5 / factor
    return _window(pixels, 0.5 - half, 0, 0.5 + half, 1)


def heighten(pixels: Grey, factor: float) -> Grey:
    """Stretches upright by a factor; top and bottom are cut off."""
    half = 0.5 / factor
    return _window(pixels, 0, 0.5 - half, 1, 0.5 + half)


def shift(pixels: Grey, fraction: float) -> Grey:
    """Moves to the right and down by a fraction of the side."""
    return _window(pixels, -fraction, -fraction, 1 - fraction, 1 - fraction)


def crop(pixels: Grey, fraction: float) -> Grey:
    """Cuts a fraction off the left and the bottom, and scales the rest to the whole."""
    return _window(pixels, fraction, 0, 1, 1 - fraction)


def rotate(pixels: Grey, degrees: float) -> Grey:
    """Turns anticlockwise about the centre, by degrees."""
    turned = Image.fromarray(pixels).rotate(degrees, Image.Resampling.BILINEAR, fillcolor=0)
    return np.asarray(turned)


def mirror(pixels: Grey, _: float) -> Grey:
    """Exchanges left and right; the amount is ignored."""
    return np.ascontiguousarray(pixels[:, ::-1])


def brightness(pixels: Grey, fraction: float) -> Grey:
    """Adds a fraction of the range to every pixel."""
    return _clipped(pixels + 255 * fraction)


def contrast(pixels: Grey, factor: float) -> Grey:
    """Spreads greys from the mean of the image by a factor; below 1, draws them towards it."""
    mean = pixels.mean()
    return _clipped(mean + factor * (pixels - mean))


def gamma(pixels: Grey, exponent: float) -> Grey:
    """Raises greys to a power: above 1 the middle ones darken, below 1 they brighten."""
    table = _clipped(255 * (np.arange(256) / 255) ** exponent)
    return table[pixels]


def blur(pixels: Grey, fraction: float) -> Grey:
    """Blurs by a Gaussian whose standard deviation is a fraction of the longer side."""
    sigma = fraction * max(pixels.shape)
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def noise(pixels: Grey, deviation: float) -> Grey:
    """Adds Gaussian noise, whose standard deviation is a fraction of the range.

    Its seed is the content of the image: the same image always gets the same noise.
    """
    rng = np.random.default_rng([_NOISE_SEED, zlib.crc32(pixels.tobytes())])
    return _clipped(pixels + 255 * deviation * rng.standard_normal(pixels.shape, np.float32))


def jpeg(pixels: Grey, quality: float) -> Grey:
    """Saves as JPEG of this quality, 1 to 95, and reads it back."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=int(quality))
    with Image.open(stream, formats=["JPEG"]) as image:
        return np.asarray(image)


def cover_borders(pixels: Grey, fraction: float) -> Grey:
    """Blackens a fraction of the side along all four borders."""
    height, width = pixels.shape
    y, x = _px(fraction, height), _px(fraction, width)
    covered = np.zeros_like(pixels)
    covered[y : height - y, x : width - x] = pixels[y : height - y, x : width - x]
    return covered


def cover_corners(pixels: Grey, fraction: float) -> Grey:
    """Blackens a square in each corner, its width a fraction of the side."""
    height, width = pixels.shape
    y, x = _px(fraction, height), _px(fraction, width)
    covered = pixels.copy()
    for rows in (slice(y), slice(height - y, None)):
        covered[rows, :x] = covered[rows, width - x :] = 0
    return covered


def _window(pixels: Grey, left: float, top: float, right: float, bottom: float) -> Grey:
    """Cuts out a window and scales it to the size of the image.

    The edges of the window are fractions of the sides of the image, up to a half outside of it.
    """
    height, width = pixels.shape
    pad = (max(height, width) + 1) // 2
    box = (left * width + pad, top * height + pad, right * width + pad, bottom * height + pad)
    canvas = Image.fromarray(np.pad(pixels, pad))
    return np.asarray(canvas.resize((width, height), Image.Resampling.BILINEAR, box=box))


def _px(fraction: float, side: int) -> int:
    return round(fraction * side)


def _clipped(values: NDArray[np.floating[Any]]) -> Grey:
    grey: Grey = values.round().clip(0, 255).astype(np.uint8)
    return grey
