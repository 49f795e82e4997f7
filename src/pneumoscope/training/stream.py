"""Streams of batches, as each backend of Keras makes them in a file of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from pneumoscope.training.network import Tensor


@dataclass(frozen=True)
class Stream:
    """Batches of (uint8 (b, height, width, 1), int32 (b,)) for `fit`.

    Weighted images come with their weights, float32 (b,), as the third of each batch.

    Attributes:
        batches: the batches: a `tf.data.Dataset` for TensorFlow, else a `keras.utils.PyDataset`.
        images: number of images in one epoch.
        steps: number of batches in one epoch.
    """

    batches: Iterable[Tensor]
    images: int
    steps: int


class Images(Protocol):
    """All images of a split, loaded once."""

    def once(self, batch_size: int) -> Stream:
        """Makes the stream of all images, once and in their order, for validation."""

    def epochs(self, batch_size: int, *, seed: int, first_epoch: int) -> Stream:
        """Makes an endless stream of epochs, each in an order made of seed and epoch alone.

        So a run that is resumed at `first_epoch` gets the batches that it would have had without
        the interruption.

        Args:
            batch_size: number of images in a batch.
            seed: seed of the order.
            first_epoch: number of the first epoch, from 0.
        """
