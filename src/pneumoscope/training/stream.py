"""The batches of prepared folders, for the backend of Keras that trains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from pneumoscope.training.backend import keras
from pneumoscope.training.network import Tensor
from pneumoscope.types import Geometry


@dataclass(frozen=True)
class Stream:
    """Batches of (uint8 (b, height, width, 1), int32 (b,)) for `fit`.

    Attributes:
        batches: the batches: a `tf.data.Dataset` for TensorFlow, else a `keras.utils.PyDataset`.
        images: number of images in one epoch.
        steps: number of batches in one epoch.
    """

    batches: Iterable[Tensor]
    images: int
    steps: int


def validation_stream(
    folder: Path, classes: tuple[str, ...], geometry: Geometry, batch_size: int
) -> Stream:
    """Makes the stream of all images of a split, once and in their order.

    Args:
        folder: a prepared split, with a folder for each class.
        classes: class names, in the order of their numbers.
        geometry: geometry of the prepared images.
        batch_size: number of images in a batch.
    """
    made: Stream = _room().validation_stream(folder, classes, geometry, batch_size)
    return made


def training_stream(
    folder: Path,
    classes: tuple[str, ...],
    geometry: Geometry,
    batch_size: int,
    *,
    seed: int,
    first_epoch: int,
) -> Stream:
    """Makes an endless stream of epochs, each in an order made of seed and epoch alone.

    So a run that is resumed at `first_epoch` gets the batches that it would have had without the
    interruption.

    Args:
        folder: a prepared split, with a folder for each class.
        classes: class names, in the order of their numbers.
        geometry: geometry of the prepared images.
        batch_size: number of images in a batch.
        seed: seed of the order.
        first_epoch: number of the first epoch, from 0.
    """
    made: Stream = _room().training_stream(
        folder, classes, geometry, batch_size, seed=seed, first_epoch=first_epoch
    )
    return made


def _room() -> ModuleType:
    """Imports the module that makes streams for the backend."""
    own = "tensorflow" if keras.backend.backend() == "tensorflow" else "array"
    return import_module(f"pneumoscope.training.{own}_stream")
