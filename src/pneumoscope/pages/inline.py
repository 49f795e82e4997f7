"""Pictures within a page."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_QUALITY = 60


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """Encodes a picture as a data URI of JPEG.

    Args:
        pixels: grey levels, uint8 of shape (h, w), or RGB, uint8 of shape (h, w, 3).
    """
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(pixels)).decode()}"


def jpeg(pixels: NDArray[np.uint8], quality: int = _QUALITY) -> bytes:
    """Encodes a picture as JPEG.

    Args:
        pixels: grey levels, uint8 of shape (h, w), or RGB, uint8 of shape (h, w, 3).
        quality: quality, 1 to 95.
    """
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()
