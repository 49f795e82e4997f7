"""The batches of prepared folders by TensorFlow: loaded once, kept as bytes, shuffled every epoch.

The only file that uses TensorFlow itself rather than Keras.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf

from pneumoscope.training.backend import keras
from pneumoscope.training.network import Tensor
from pneumoscope.training.stream import Stream
from pneumoscope.types import Geometry

if TYPE_CHECKING:
    from tensorflow.data import Dataset


def validation_stream(
    folder: Path, classes: tuple[str, ...], geometry: Geometry, batch_size: int
) -> Stream:
    """Makes the stream of `stream.validation_stream`."""
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
    """Makes the stream of `stream.training_stream`."""
    images, count = _load(folder, classes, geometry)

    def epoch(number: Tensor) -> Dataset:
        order = images.shuffle(count, seed=seed + number, reshuffle_each_iteration=False)
        return order.batch(batch_size)

    epochs = tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(epoch)
    return Stream(epochs.prefetch(2), count, math.ceil(count / batch_size))


def _load(folder: Path, classes: tuple[str, ...], geometry: Geometry) -> tuple[Dataset, int]:
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
