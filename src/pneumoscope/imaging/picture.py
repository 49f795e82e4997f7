"""Statistics of the pixels of a picture, such as brightness and sharpness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import ImageError
from pneumoscope.imaging.preprocess import load_pixels
from pneumoscope.imaging.source import read_bytes
from pneumoscope.parallel import in_parallel
from pneumoscope.types import Geometry

_BLACK = 8  # grey levels below this are border, collimation or padding, not chest


@dataclass(frozen=True)
class PictureFacts:
    """Statistics of the pixels; sharpness can be compared only between pictures of one size.

    Attributes:
        brightness: mean grey level, 0 to 255.
        contrast: standard deviation of the grey levels.
        dark: 5th percentile of the grey levels.
        light: 95th percentile of the grey levels.
        black: fraction of the picture that is nearly black, 0 to 1.
        sharpness: mean absolute difference of neighbouring pixels, in grey levels.
    """

    brightness: float
    contrast: float
    dark: float
    light: float
    black: float
    sharpness: float


def picture_facts(pixels: NDArray[np.uint8]) -> PictureFacts:
    """Computes the statistics of a picture, uint8 of shape (h, w), both 2 or more."""
    dark, light = np.percentile(pixels, (5, 95))
    signed = pixels.astype(np.int16)
    steps = [np.abs(np.diff(signed, axis=axis)).mean() for axis in (0, 1)]
    return PictureFacts(
        brightness=float(pixels.mean()),
        contrast=float(pixels.std()),
        dark=float(dark),
        light=float(light),
        black=float((pixels < _BLACK).mean()),
        sharpness=float(np.mean(steps)),
    )


def tabulate_pictures(paths: Sequence[Path], geometry: Geometry) -> dict[str, NDArray[np.float64]]:
    """Computes the statistics of image files at the geometry of a network.

    Args:
        paths: paths of the files; those that cannot be read are left out.
        geometry: size to squash them to.

    Returns:
        By name of the statistic, float64 of shape (n,) for n readable files.
    """
    found = in_parallel(partial(_facts_of_file, geometry=geometry), paths)
    return _tabulate([facts for facts in found if facts is not None])


def tabulate_pixels(pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """Computes statistics of pictures, uint8 (n, h, w): by name, float64 of shape (n,)."""
    return _tabulate(in_parallel(picture_facts, list(pixels)))


def _tabulate(found: Sequence[PictureFacts]) -> dict[str, NDArray[np.float64]]:
    return {
        field.name: np.array([getattr(facts, field.name) for facts in found], np.float64)
        for field in fields(PictureFacts)
    }


def _facts_of_file(path: Path, geometry: Geometry) -> PictureFacts | None:
    try:
        return picture_facts(load_pixels(read_bytes(path), geometry))
    except ImageError:
        return None
