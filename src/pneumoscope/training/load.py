"""The loading of prepared folders, for the backend of Keras that trains."""

from __future__ import annotations

from pathlib import Path

from pneumoscope.training.backend import keras
from pneumoscope.training.stream import Images
from pneumoscope.types import Geometry


def load_images(folder: Path, classes: tuple[str, ...], geometry: Geometry) -> Images:
    """Loads the images of a split.

    Args:
        folder: a prepared split, with a folder for each class.
        classes: class names, in the order of their numbers.
        geometry: geometry of the prepared images.
    """
    if keras.backend.backend() == "tensorflow":
        from pneumoscope.training.tensorflow_stream import TensorFlowImages

        return TensorFlowImages(folder, classes, geometry)
    from pneumoscope.training.array_stream import ArrayImages

    return ArrayImages(folder, classes, geometry)
