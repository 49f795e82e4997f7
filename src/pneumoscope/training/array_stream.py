"""The batches of prepared folders as arrays of NumPy, which every backend of Keras takes."""

from __future__ import annotations

import math
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

Batch = tuple[NDArray[np.uint8], NDArray[np.int32]]


class ArrayImages:
    """The images of a split as one array: `stream.Images`.

    Args:
        folder: as of `load.load_images`.
        classes: as of `load.load_images`.
        geometry: as of `load.load_images`.
    """

    def __init__(self, folder: Path, classes: tuple[str, ...], geometry: Geometry) -> None:
        files = [
            (path, label) for label, name in enumerate(classes) for path in _files(folder / name)
        ]
        images = in_parallel(partial(_read, geometry), [path for path, _ in files])
        self._images = np.stack(images)[..., np.newaxis]
        self._labels = np.array([label for _, label in files], np.int32)

    def once(self, batch_size: int) -> Stream:
        """Makes the stream of all images, once and in their order."""
        return _stream(_Batches(self._images, self._labels, batch_size))

    def epochs(self, batch_size: int, *, seed: int, first_epoch: int) -> Stream:
        """Makes an endless stream of epochs."""
        return _stream(
            _Epochs(self._images, self._labels, batch_size, seed=seed, first_epoch=first_epoch)
        )


def _stream(batches: _Batches) -> Stream:
    return Stream(batches, len(batches.images), batches.steps)


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """All images once, in their order.

    Args:
        images: images, uint8 of shape (n, height, width, 1).
        labels: numbers of their classes, int32 of shape (n,).
        batch_size: number of images in a batch.
    """

    def __init__(
        self, images: NDArray[np.uint8], labels: NDArray[np.int32], batch_size: int
    ) -> None:
        super().__init__()
        self.images = images
        self._labels = labels
        self._batch_size = batch_size
        self.steps = math.ceil(len(images) / batch_size)

    @property
    def num_batches(self) -> int | None:
        """Number of batches; None if they have no end."""
        return self.steps

    def __getitem__(self, index: int) -> Batch:
        """Returns a batch, from 0."""
        epoch, batch = divmod(index, self.steps)
        chosen = self._order(epoch)[batch * self._batch_size :][: self._batch_size]
        return self.images[chosen], self._labels[chosen]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return np.arange(len(self.images))


class _Epochs(_Batches):
    """Epoch after epoch without end, each in its own order."""

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int32],
        batch_size: int,
        *,
        seed: int,
        first_epoch: int,
    ) -> None:
        super().__init__(images, labels, batch_size)
        self._seed = seed
        self._first_epoch = first_epoch

    @property
    def num_batches(self) -> int | None:
        """None: they have no end."""
        return None

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return _shuffled(len(self.images), self._seed, self._first_epoch + epoch)


@lru_cache(maxsize=1)  # of the epoch that is read
def _shuffled(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, epoch)).permutation(count)


def _files(folder: Path) -> list[Path]:
    return list(list_files(folder)) if folder.is_dir() else []


def _read(geometry: Geometry, path: Path) -> Grey:
    return load_pixels(read_bytes(path), geometry)
