"""Heatmaps in answers: the overlay as a picture, or the heatmap as numbers."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging import Source, load_display
from pneumoscope.inference import Explanation, overlay
from pneumoscope.server.service import Service
from pneumoscope.server.wanted import Wanted

_COMPRESSION = 2  # of PNG, 0 to 9: a third of the time of the usual 6, and a seventh larger
_DIGITS = 4


async def explain(service: Service, source: Source, wanted: Wanted) -> Explanation:
    """Predicts an image as a request asks for it, with its heatmap.

    Args:
        service: the model in service.
        source: bytes of the file, with its name.
        wanted: what the request asks for.
    """
    return await service.explain(
        source,
        operating_point=wanted.operating_point,
        prevalence=wanted.prevalence,
        heatmap=True,
    )


def as_array(heatmap: NDArray[np.float32]) -> dict[str, Any]:
    """Converts a heatmap to JSON types.

    Args:
        heatmap: the heatmap, float32 of shape (h, w), 0 to 1.
    """
    return {"shape": list(heatmap.shape), "data": heatmap.astype(float).round(_DIGITS).tolist()}


def as_picture(source: Source, heatmap: NDArray[np.float32]) -> str:
    """Draws a heatmap over its radiograph.

    Args:
        source: file of the radiograph.
        heatmap: the heatmap, float32 of shape (h, w), 0 to 1.

    Returns:
        The overlay as PNG, in a `data:` address.

    Raises:
        ImageError: if the file cannot be read.
    """
    stream = BytesIO()
    picture = Image.fromarray(overlay(load_display(source), heatmap))
    picture.save(stream, format="PNG", compress_level=_COMPRESSION)
    return f"data:image/png;base64,{b64encode(stream.getvalue()).decode()}"
