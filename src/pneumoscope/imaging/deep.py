"""Radiographs in 16 bits, for a viewer whose user chooses the window."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging.decode import open_deep
from pneumoscope.imaging.preprocess import to_grey
from pneumoscope.imaging.source import Source
from pneumoscope.imaging.window import Window

_TO_16_BITS = 257  # 255 becomes 65535
_COMPRESSION = 1  # of PNG, 0 to 9: several times as fast as the usual 6, and a tenth larger


@dataclass(frozen=True, eq=False)
class Deep:
    """A radiograph in 16 bits.

    Attributes:
        pixels: values, upright and in their own proportions, uint16 of shape (h, w).
        window: window that it is meant to be shown through.
    """

    pixels: NDArray[np.uint16]
    window: Window

    def shown(self) -> NDArray[np.uint8]:
        """Applies the window; within one grey level of `load_display` where neither was scaled."""
        black, white = self.window.black, self.window.white
        grey = 256 / (white - black) * (self.pixels - black)
        return grey.clip(0, 255).astype(np.uint8)

    def png(self) -> bytes:
        """Encodes the values as PNG, one channel of 16 bits."""
        stream = BytesIO()
        Image.fromarray(self.pixels).save(stream, "PNG", compress_level=_COMPRESSION)
        return stream.getvalue()


def load_deep(source: Source, longest: int = 2048) -> Deep:
    """Loads an image in 16 bits: grey, in its own proportions, upright.

    DICOM has its values after the modality LUT and before its window, MONOCHROME1 inverted; files
    of 16 bits keep these, and those of 8 bits are stretched to 16.

    Args:
        source: the image file.
        longest: greatest length of the longer side, in pixels.

    Raises:
        ImageError: if the file cannot be read as an image.
    """
    image, window = open_deep(source)
    if image.mode == "I;16":
        values = np.asarray(image)
    else:
        values = np.asarray(to_grey(image)).astype(np.uint16) * np.uint16(_TO_16_BITS)
    return Deep(_reduced(values, longest), window)


def _reduced(values: NDArray[np.uint16], longest: int) -> NDArray[np.uint16]:
    height, width = values.shape
    scale = longest / max(height, width)
    if scale >= 1:
        return values
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
