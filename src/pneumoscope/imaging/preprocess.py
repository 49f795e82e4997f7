"""Pictures to network input: the only grey conversion and the only resize of the project.

Preparing, training and predicting all come through here, so that a network is always shown pixels
made as those it has learnt from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.errors import ImageError
from pneumoscope.imaging.decode import open_upright
from pneumoscope.imaging.source import Source
from pneumoscope.types import Geometry

# Raised whenever the same file would give other pixels than before.
RECIPE = 1

# A JPEG is decoded at no less than this many times the target, and filtered down from there.
OVERSAMPLING = 2

_MARKED = 128  # of a mask, this bright or brighter


def load_pixels(source: Source, geometry: Geometry) -> NDArray[np.uint8]:
    """The pixels that a network of this geometry is shown.

    Args:
        source: an image file.
        geometry: the size to squash it to.

    Returns:
        uint8 of shape (height, width), 0 black to 255 white.

    Raises:
        ImageError: if the file cannot be read as an image.
    """
    image = open_upright(source, at_least=OVERSAMPLING * max(geometry.height, geometry.width))
    return _resize(to_grey(image), geometry.width, geometry.height)


def load_mask(source: Source, geometry: Geometry) -> NDArray[np.uint8]:
    """A mask, squashed as `load_pixels` squashes its image; it may be empty.

    Args:
        source: an image file: 255 where something is marked, 0 elsewhere.
        geometry: the size to squash it to.

    Returns:
        uint8 of shape (height, width), between the two along edges.

    Raises:
        ImageError: if the file cannot be read as an image, or what it marks is dark.
    """
    mask = to_grey(open_upright(source, blank=True))
    brightest = int(np.asarray(mask).max())
    if 0 < brightest < _MARKED:
        raise ImageError(
            f"{source.name} is no mask",
            expected="255 where something is marked, 0 elsewhere",
            received=f"{brightest} at most",
            remedy="Save it in black and white",
        )
    return _resize(mask, geometry.width, geometry.height)


def load_display(source: Source, longest: int = 768) -> NDArray[np.uint8]:
    """The picture for people to look at: grey, in its own proportions, upright.

    Args:
        source: an image file.
        longest: pixels of the longer side at most.

    Returns:
        uint8 of shape (h, w).

    Raises:
        ImageError: if the file cannot be read as an image.
    """
    image = to_grey(open_upright(source, at_least=longest))
    scale = min(1.0, longest / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    return _resize(image, width, height)


def to_grey(image: Image.Image) -> Image.Image:
    """One 8-bit channel ("L").

    Colour becomes ITU-R BT.601 luma, transparency is laid over black, and 16-bit grey keeps its
    upper eight bits (the nominal range, whatever of it is used).
    """
    if image.mode == "I;16":
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, "black")
        image = Image.alpha_composite(black, image).convert("RGB")
    return image.convert("L")


def _resize(image: Image.Image, width: int, height: int) -> NDArray[np.uint8]:
    # Pillow widens the bilinear filter when it scales down, so that no fine line is skipped.
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8)
