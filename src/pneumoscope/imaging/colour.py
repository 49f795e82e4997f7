"""Fraction of a picture that is in colour: radiographs are grey, however they are stored."""

from __future__ import annotations

import numpy as np
from PIL import Image

_GREY = {"1", "L", "LA", "La", "I;16", "I;16B"}
_SIDE = 64  # pixels of the sample: no detail is needed
_STRONG = 64  # between the channels; the tint of a photographed film is less


def coloured(image: Image.Image) -> float:
    """Measures the fraction of a picture, 0 to 1, whose channels differ by more than a tint.

    Args:
        image: opened image within the limits on size. A JPEG is decoded at a reduced scale.
    """
    if image.mode in _GREY:
        return 0.0
    image.draft("RGB", (_SIDE, _SIDE))
    sample = image.resize((_SIDE, _SIDE), Image.Resampling.NEAREST).convert("RGB")
    red, green, blue = (np.asarray(channel) for channel in sample.split())
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    return float((highest - lowest > _STRONG).mean())
