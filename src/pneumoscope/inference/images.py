"""Images on their way in: listed, and read ahead of the network."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle import BundleInfo
from pneumoscope.errors import DataError, ImageError
from pneumoscope.files import list_files
from pneumoscope.gate import Facts
from pneumoscope.imaging import (
    Acquisition,
    Source,
    is_stray,
    load_pixels,
    read_acquisition,
    read_bytes,
)
from pneumoscope.names import public_name

Image = Path | str | Source
"""A file by its path, or its bytes with a name."""


@dataclass(frozen=True, eq=False)
class ReadImage:
    """An image that has been read already, at the geometry of the model that is to predict it.

    Attributes:
        name: of the image in its record.
        acquisition: what its file says.
        pixels: uint8 (h, w), as `imaging.load_pixels` makes them.
    """

    name: str
    acquisition: Acquisition
    pixels: NDArray[np.uint8]


Read = Facts | ImageError
"""What is known of an image, or why it cannot be read."""


def list_images(
    paths: Iterable[Path], stray: Callable[[Path], None] | None = None
) -> Iterator[Path]:
    """The files among `paths`, and all images below the folders among them, in order.

    A path that is not there is handed on: predicting it gives a record that says so.

    Args:
        paths: of files and folders.
        stray: called with each file in a folder that is stepped over, since it is there for
            another reason (`imaging.is_stray`).

    Raises:
        DataError: if a folder holds no image.
        StorageError: if a folder may not be read.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        empty = True
        for file in list_files(path):
            if not is_stray(file):
                empty = False
                yield file
            elif stray:
                stray(file)
        if empty:
            raise DataError(
                f"There are no images in {path}",
                remedy="Check the path",
                code="data-empty",
                values={"path": str(path)},
            )


def read_image(image: Image | ReadImage, info: BundleInfo, header: bool) -> Read:
    """Reads an image as a model is shown it.

    Args:
        image: the file, its bytes, or what has been read of it.
        info: of the model.
        header: whether anything asks what its header says; it is not read otherwise.
    """
    geometry = info.geometry
    if isinstance(image, ReadImage):
        return Facts(image.acquisition, image.pixels, geometry, _ages(info))
    try:
        source = image if isinstance(image, Source) else read_bytes(Path(image))
        pixels = load_pixels(source, geometry)
        if not header:
            return Facts(Acquisition(geometry.width, geometry.height), pixels, geometry)
        return Facts(read_acquisition(source), pixels, geometry, _ages(info))
    except ImageError as error:
        return error


def read_ahead(
    images: Iterable[Image | ReadImage],
    read: Callable[[Image | ReadImage], Read],
    batch: int,
    threads: int,
) -> Iterator[list[tuple[str, Read]]]:
    """Reads images in a stream, one batch ahead of who takes them.

    So decoding and the network share the cores, and only a few images are in memory at any time.

    Args:
        images: as many as there are.
        read: how to read one.
        batch: number of images to hand out at a time.
        threads: to read with.

    Yields:
        Names of images and what was read, in order.
    """
    waiting: deque[tuple[str, Future[Read]]] = deque()
    iterator = iter(images)
    with ThreadPoolExecutor(threads) as pool:
        try:
            while True:
                for image in islice(iterator, 2 * batch - len(waiting)):
                    waiting.append((_name(image), pool.submit(read, image)))
                if not waiting:
                    return
                due = [waiting.popleft() for _ in range(min(batch, len(waiting)))]
                yield [(name, future.result()) for name, future in due]
        finally:
            pool.shutdown(cancel_futures=True)


def _ages(info: BundleInfo) -> tuple[float, float] | None:
    """Ages of the youngest and oldest patients that a model was made with, if they are known."""
    known = info.training_data.get("attributions", [])
    ages = [(data.get("youngest"), data.get("oldest")) for data in known]
    if not ages or any(None in pair for pair in ages):
        return None
    return min(low for low, _ in ages), max(high for _, high in ages)


def _name(image: Image | ReadImage) -> str:
    return image.name if isinstance(image, Source | ReadImage) else public_name(image)
