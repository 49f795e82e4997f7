"""The batches of prepared folders by TensorFlow: loaded once, kept as bytes, shuffled every epoch.

The only file that uses TensorFlow itself rather than Keras.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
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
        folder: a prepared split, with a folder for each class.
        classes: class names, in the order of their numbers.
        geometry: geometry of the prepared images.
        weights: the images to load, with their weights.
        weighted: True to give the weights with the batches.
    """

    def __init__(
        self,
        folder: Path,
        classes: tuple[str, ...],
        geometry: Geometry,
        weights: Mapping[Path, float],
        *,
        weighted: bool,
    ) -> None:
        dataset = keras.utils.image_dataset_from_directory(
            folder,
            class_names=list(classes),
            color_mode="grayscale",
            batch_size=None,
            image_size=(geometry.height, geometry.width),
            shuffle=False,
            verbose=False,
        )
        files = [Path(path) for path in dataset.file_paths]
        if len(files) > len(weights):
            kept = tf.data.Dataset.from_tensor_slices([path in weights for path in files])
            both = tf.data.Dataset.zip(dataset, kept)
            filtered = both.filter(lambda _, keep: keep).map(lambda pair, _: pair)
            dataset = filtered.apply(tf.data.experimental.assert_cardinality(len(weights)))
        # The images are at their size already: their floats are whole numbers, and fit in a byte.
        images = dataset.map(
            lambda image, label: (tf.cast(image, tf.uint8), label),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        if weighted:
            each = np.array([weights[path] for path in files if path in weights], np.float32)
            both = tf.data.Dataset.zip(images, tf.data.Dataset.from_tensor_slices(each))
            images = both.map(lambda pair, weight: (*pair, weight))
        self._images, self._count = images.cache(), len(weights)

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
