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


class TensorFlowImages:
    """The images of a split for TensorFlow: `stream.Images`.

    Args:
        folder: as of `load.load_images`.
        classes: as of `load.load_images`.
        geometry: as of `load.load_images`.
    """

    def __init__(self, folder: Path, classes: tuple[str, ...], geometry: Geometry) -> None:
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
        # The images are at their size already: their floats are whole numbers, and fit in a byte.
        as_bytes = dataset.map(
            lambda image, label: (tf.cast(image, tf.uint8), label),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        self._images, self._count = as_bytes.cache(), count

    def once(self, batch_size: int) -> Stream:
        """Makes the stream of all images, once and in their order."""
        return self._stream(self._images.batch(batch_size).prefetch(1), batch_size)

    def epochs(self, batch_size: int, *, seed: int, first_epoch: int) -> Stream:
        """Makes an endless stream of epochs."""

        def epoch(number: Tensor) -> Dataset:
            order = self._images.shuffle(
                self._count, seed=seed + number, reshuffle_each_iteration=False
            )
            return order.batch(batch_size)

        epochs = tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(epoch)
        return self._stream(epochs.prefetch(2), batch_size)

    def _stream(self, batches: Dataset, batch_size: int) -> Stream:
        return Stream(batches, self._count, math.ceil(self._count / batch_size))
