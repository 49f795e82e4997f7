"""Thumbnails on the disk, of which a million would fill the memory."""

from __future__ import annotations

import os
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from pneumoscope.imaging import THUMBNAIL

SIZE = THUMBNAIL**2
"""Size of a thumbnail, in bytes."""


class Thumbnails:
    """Thumbnails of a file, read when they are asked for.

    Args:
        file: an open file of nothing but thumbnails, which is added to.
        count: number of thumbnails in it; what follows them is cut off.
    """

    def __init__(self, file: BinaryIO, count: int = 0) -> None:
        self._file = file
        self._count = count
        file.truncate(count * SIZE)
        file.seek(0, os.SEEK_END)

    def append(self, thumbnail: NDArray[np.uint8]) -> None:
        """Adds a thumbnail, uint8 of shape (s, s)."""
        self._file.write(thumbnail.tobytes())
        self._count += 1

    def flush(self) -> None:
        """Hands what was added to the system."""
        self._file.flush()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, indices: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Reads the thumbnails of these numbers, uint8 of shape (k, s, s)."""
        self.flush()
        handle = self._file.fileno()
        data = b"".join(os.pread(handle, SIZE, int(index) * SIZE) for index in indices)
        return np.frombuffer(data, np.uint8).reshape(len(indices), THUMBNAIL, THUMBNAIL)
