"""The batches of prepared folders: loaded once, kept as bytes, shuffled anew for every epoch.

The only file that uses TensorFlow itself rather than Keras.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.training.backend import keras
from pneumoscope.training.network import Tensor
from pneumoscope.types import Geometry

if TYPE_CHECKING:
    from tensorflow.data import Dataset


@dataclass(frozen=True)
class Stream:
    """Batches of (uint8 (b, height, width, 1), int32 (b,)) for `fit`.

    Attributes:
        batches: the batches, a `tf.data.Dataset`.
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
    images, count = _load(folder, classes, geometry)
    return Stream(images.batch(batch_size).prefetch(1), count, math.ceil(count / batch_size))


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
    import tensorflow as tf

    images, count = _load(folder, classes, geometry)

    def epoch(number: Tensor) -> Dataset:
        order = images.shuffle(count, seed=seed + number, reshuffle_each_iteration=False)
        return order.batch(batch_size)

    epochs = tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(epoch)
    return Stream(epochs.prefetch(2), count, math.ceil(count / batch_size))


def _load(folder: Path, classes: tuple[str, ...], geometry: Geometry) -> tuple[Dataset, int]:
    import tensorflow as tf

    dataset = keras.utils.image_dataset_from_directory(
        folder,
        class_names=list(classes),
        color_mode="grayscale",
        batch_size=None,
        image_size=(geometry.height, geometry.width),
        shuffle=False,
        verbose=False,
    )
    count = int(dataset.cardinality())
    # The images are at their size already, so the floats are whole numbers: a byte each will do.
    as_bytes = dataset.map(
        lambda image, label: (tf.cast(image, tf.uint8), label), num_parallel_calls=tf.data.AUTOTUNE
    )
    return as_bytes.cache(), count
