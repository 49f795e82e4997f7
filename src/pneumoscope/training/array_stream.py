"""The batches of prepared folders as arrays of NumPy, which every backend of Keras takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.files import list_files
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.imaging.changes import Grey
from pneumoscope.parallel import in_parallel
from pneumoscope.training.backend import keras
from pneumoscope.training.stream import Stream
from pneumoscope.types import Geometry

Parts = tuple[NDArray[np.generic], ...]
"""Images, labels, and weights where they have any: arrays of the same length."""


class ArrayImages:
    """The images of a split as one array: `stream.Images`.

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
        files = [
            (path, label)
            for label, name in enumerate(classes)
            for path in _files(folder / name)
            if path in weights
        ]
        images = in_parallel(partial(_read, geometry), [path for path, _ in files])
        labels = np.array([label for _, label in files], np.int32)
        self._parts: Parts = np.stack(images)[..., np.newaxis], labels
        if weighted:
            given = np.array([weights[path] for path, _ in files], np.float32)
            self._parts = (*self._parts, given)

    def once(self, batch_size: int) -> Stream:
        """Makes the stream of all images, once and in their order."""
        return _stream(_Batches(self._parts, batch_size))

    def epochs(self, batch_size: int, *, seed: int, first_epoch: int) -> Stream:
        """Makes an endless stream of epochs."""
        return _stream(_Epochs(self._parts, batch_size, seed=seed, first_epoch=first_epoch))


def _stream(batches: _Batches) -> Stream:
    return Stream(batches, batches.count, batches.steps)


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """All images once, in their order.

    Args:
        parts: images, uint8 of shape (n, height, width, 1); labels, int32 of shape (n,); and
            perhaps weights, float32 of shape (n,).
        batch_size: number of images in a batch.
    """

    def __init__(self, parts: Parts, batch_size: int) -> None:
        super().__init__()
        self._parts = parts
        self._batch_size = batch_size
        self.count = len(parts[0])
        self.steps = math.ceil(self.count / batch_size)

    @property
    def num_batches(self) -> int | None:
        """Number of batches; None if they have no end."""
        return self.steps

    def __getitem__(self, index: int) -> Parts:
        """Returns a batch, from 0."""
        epoch, batch = divmod(index, self.steps)
        chosen = self._order(epoch)[batch * self._batch_size :][: self._batch_size]
        return tuple(part[chosen] for part in self._parts)

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return np.arange(self.count)


class _Epochs(_Batches):
    """Epoch after epoch without end, each in its own order."""

    def __init__(self, parts: Parts, batch_size: int, *, seed: int, first_epoch: int) -> None:
        super().__init__(parts, batch_size)
        self._seed = seed
        self._first_epoch = first_epoch

    @property
    def num_batches(self) -> int | None:
        """None: they have no end."""
        return None

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return _shuffled(self.count, self._seed, self._first_epoch + epoch)


@lru_cache(maxsize=1)  # of the epoch that is read
def _shuffled(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, epoch)).permutation(count)


def _files(folder: Path) -> list[Path]:
    return list(list_files(folder)) if folder.is_dir() else []


def _read(geometry: Geometry, path: Path) -> Grey:
    return load_pixels(read_bytes(path), geometry)
