"""Pictures to network input: the only grey conversion and the only resize of the project.

Preparing, training and predicting all use it, so that a network always reads pixels that were made
as those of its training images.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.errors import ImageError
from pneumoscope.imaging.decode import open_upright
from pneumoscope.imaging.source import Source
from pneumoscope.types import Geometry

# Version of the preprocessing, raised when the same file would give other pixels than before.
RECIPE = 1

# A JPEG is decoded at this many times the target size or more, and filtered down from there.
OVERSAMPLING = 2

_MARKED = 128  # least grey level of the marked pixels of a mask


def load_pixels(source: Source, geometry: Geometry) -> NDArray[np.uint8]:
    """Loads an image as the pixels that a network of this geometry reads.

    Args:
        source: the image file.
        geometry: size to squash the image to.

    Returns:
        uint8 of shape (height, width), 0 black to 255 white.

    Raises:
        ImageError: if the file cannot be read as an image.
    """
    image = open_upright(source, at_least=OVERSAMPLING * max(geometry.height, geometry.width))
    return _resize(to_grey(image), geometry.width, geometry.height)


def load_mask(source: Source, geometry: Geometry) -> NDArray[np.uint8]:
    """Loads a mask, squashed as `load_pixels` squashes its image; it may be empty.

    Args:
        source: image file of the mask: 255 where something is marked, 0 elsewhere.
        geometry: size to squash the mask to.

    Returns:
        uint8 of shape (height, width), with values between 0 and 255 along edges.

    Raises:
        ImageError: if the file cannot be read as an image, or its marked pixels are dark.
    """
    mask = to_grey(open_upright(source, blank=True))
    brightest = int(np.asarray(mask).max())
    if 0 < brightest < _MARKED:
        raise ImageError(
            f"{source.name} is not a mask",
            expected="255 where something is marked, 0 elsewhere",
            received=f"{brightest} at most",
            remedy="Save it in black and white",
        )
    return _resize(mask, geometry.width, geometry.height)


def load_display(source: Source, longest: int = 768) -> NDArray[np.uint8]:
    """Loads an image for display: grey, in its own proportions, upright.

    Args:
        source: the image file.
        longest: greatest length of the longer side, in pixels.

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
    """Converts a picture to one 8-bit channel ("L").

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
