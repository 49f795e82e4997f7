"""Predicted images as people see them: the radiograph, and the same under its heatmap."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import tee
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import DataError, ImageError, StorageError
from pneumoscope.imaging import Source, load_display, read_bytes
from pneumoscope.inference.explain import overlay
from pneumoscope.inference.images import Image
from pneumoscope.inference.predictor import Explanation, Predictor
from pneumoscope.notices import Notice
from pneumoscope.parallel import in_stream
from pneumoscope.types import Prediction, Status


@dataclass(frozen=True, eq=False)
class Shown:
    """A predicted image, and what there is to see of it.

    Attributes:
        prediction: record of the prediction.
        image: the radiograph, upright and in its own proportions, uint8 of shape (h, w); None if
            it could not be read.
        overlay: the radiograph under its heatmap, RGB, uint8 of shape (h, w, 3); None where there
            is no heatmap, as of a refused image.
        sha256: SHA-256 of the file, in hex; empty if it could not be read.
    """

    prediction: Prediction
    image: NDArray[np.uint8] | None = None
    overlay: NDArray[np.uint8] | None = None
    sha256: str = ""

    def without_picture(self, error: DataError | StorageError) -> Shown:
        """Returns the record alone, with a warning that says why there is no picture."""
        text = f"its picture was not drawn: {error}"
        warning = Notice("heatmap-not-written", text, {"error": error.code})
        prediction = self.prediction
        return Shown(replace(prediction, warnings=(*prediction.warnings, warning)))


def show_many(predictor: Predictor, images: Iterable[Image]) -> Iterator[Shown]:
    """Predicts images in a stream, and reads each again to be shown.

    Args:
        predictor: the model.
        images: images to predict, in any number.

    Returns:
        An iterator over each image with its record, in order.
    """
    # Taken before the image is read, so that a heatmap is never laid over another picture.
    ahead, sources = tee((image, _version(image)) for image in images)
    explanations = predictor.explain_many(image for image, _ in ahead)
    pairs = zip(sources, explanations, strict=False)
    return in_stream(predictor.pool, lambda pair: _show(*pair[0], pair[1]), pairs)


def show(source: Source, explanation: Explanation) -> Shown:
    """Reads an image that was predicted again, to be shown.

    Args:
        source: bytes of the file.
        explanation: prediction and heatmap of the same bytes.
    """
    return _show(source, None, explanation)


def _version(image: Image) -> tuple[int, ...] | None:
    """Identifies the content of a file by its metadata; None for bytes, and for a missing file."""
    if isinstance(image, Source):
        return None
    try:
        status = os.stat(image)
    except (OSError, ValueError):  # reading it reports the error
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _show(image: Image, version: tuple[int, ...] | None, explanation: Explanation) -> Shown:
    shown = Shown(explanation.prediction)
    if shown.prediction.status is Status.ERROR:
        return shown
    try:
        return _draw(image, version, explanation)
    except ImageError as error:
        return shown.without_picture(error)


def _draw(image: Image, version: tuple[int, ...] | None, explanation: Explanation) -> Shown:
    source = image if isinstance(image, Source) else read_bytes(Path(image))
    if _version(image) != version:
        raise ImageError(
            f"{source.name} has changed since it was predicted",
            remedy="Predict it again",
            code="image-changed",
            values={"path": source.name},
        )
    pixels, heatmap = load_display(source), explanation.heatmap
    laid = None if heatmap is None else overlay(pixels, heatmap)
    return Shown(explanation.prediction, pixels, laid, source.sha256)
