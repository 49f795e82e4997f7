"""Descriptors of an image: the network's features, and its appearance apart from any disease.

A descriptor is a row of numbers; for each kind there is a distance from the training images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.graph import FEATURES
from pneumoscope.imaging import picture_facts

_RINGS = 10
_FINEST = 10 / 32  # cycles a pixel; finer detail depends on resampling and compression of the file
LAYOUT = "layout"
LAYOUT_SIDE = 16
"""Number of parts of a layout across, and down."""

Pictures = NDArray[np.uint8]
Descriptors = NDArray[np.float32]


def tone(pictures: Pictures) -> Descriptors:
    """Describes grey levels and sharpness, as exposure, window, blur, noise, compression change.

    Args:
        pictures: images, uint8 of shape (n, h, w).

    Returns:
        float32 of shape (n, 15): brightness, contrast, dark and light of `picture_facts` as
        fractions of the full range, and black; then the logarithm of the mean power at ten rising
        spatial frequencies, of the picture at zero mean and unit variance.
    """
    height, width = pictures.shape[1:]
    window = np.outer(np.hanning(height), np.hanning(width))
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
    rings = np.digitize(frequency, np.linspace(0, _FINEST, _RINGS + 1)).ravel()
    size = np.bincount(rings)[1 : _RINGS + 1]
    found = []
    for picture in pictures:
        facts = picture_facts(picture)
        standardised = (picture - facts.brightness) / (facts.contrast + 1e-3)
        power = np.abs(np.fft.rfft2(standardised * window)) ** 2
        spectrum = np.bincount(rings, power.ravel())[1 : _RINGS + 1] / size
        levels = np.array([facts.brightness, facts.contrast, facts.dark, facts.light]) / 255
        found.append([*levels, facts.black, *np.log(spectrum + 1e-6)])
    return np.array(found, np.float32)


def layout(pictures: Pictures) -> Descriptors:
    """Describes the coarse layout, which framing, position, proportions and borders change.

    Args:
        pictures: images, uint8 of shape (n, h, w).

    Returns:
        float32 of shape (n, 256): mean grey level of each of 16x16 parts.
    """
    size = (LAYOUT_SIDE, LAYOUT_SIDE)
    small = [Image.fromarray(each).resize(size, Image.Resampling.BOX) for each in pictures]
    return np.stack([np.asarray(each, np.float32).ravel() for each in small])


APPEARANCES: Mapping[str, Callable[[Pictures], Descriptors]] = MappingProxyType(
    {"tone": tone, LAYOUT: layout}
)
"""Functions that describe the appearance, by kind of descriptor."""

KINDS = (FEATURES, *APPEARANCES)
"""Names of all kinds of descriptors."""


def describe_images(
    pictures: Pictures, features: Descriptors, kinds: Iterable[str] = KINDS
) -> dict[str, Descriptors]:
    """Computes the descriptors of images.

    Args:
        pictures: images as the network reads them, uint8 of shape (n, h, w).
        features: features of the images by the network, float32 of shape (n, k).
        kinds: kinds of descriptors, out of `KINDS`.

    Returns:
        By kind, float32 of shape (n, k'), where k' depends on the kind.
    """
    return {kind: features if kind == FEATURES else APPEARANCES[kind](pictures) for kind in kinds}
