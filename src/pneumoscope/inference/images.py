"""Input of prediction: images listed, and read ahead of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
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
from pneumoscope.inference.familiar import Memory
from pneumoscope.known import views_of
from pneumoscope.names import public_name
from pneumoscope.notices import Notice
from pneumoscope.parallel import in_stream

Image = Path | str | Source
"""Path of an image file, or its bytes with a name."""


@dataclass(frozen=True, eq=False)
class ReadImage:
    """An image that has been read already, at the geometry of the model that is to predict it.

    Attributes:
        name: name of the image in its record.
        acquisition: acquisition data of its file.
        pixels: pixels as `imaging.load_pixels` makes them, uint8 of shape (h, w).
        gated: False to spare the judgement of the gate, where nobody asks for it.
    """

    name: str
    acquisition: Acquisition
    pixels: NDArray[np.uint8]
    gated: bool = True


@dataclass(frozen=True, eq=False)
class Found:
    """What reading an image has found.

    Attributes:
        facts: facts of the image.
        warnings: warnings that the model was made with the image, or with others of its patient.
        gated: False to spare the judgement of the gate.
    """

    facts: Facts
    warnings: tuple[Notice, ...] = ()
    gated: bool = True


Read = Found | ImageError
"""What was found in an image, or the error if it cannot be read."""


def list_images(
    paths: Iterable[Path], stray: Callable[[Path], None] | None = None
) -> Iterator[Path]:
    """Lists the files among `paths`, and all images below the folders among them, in order.

    A missing path is listed, too: predicting it gives a record that says so.

    Args:
        paths: paths of files and folders.
        stray: function that is called with each file in a folder that is skipped, as it is no
            picture (`imaging.is_stray`).

    Yields:
        The paths of the images.

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


def read_image(image: Image | ReadImage, info: BundleInfo, memory: Memory, header: bool) -> Read:
    """Reads an image at the geometry of a model.

    Args:
        image: path of the file, its bytes, or an image that has been read.
        info: description of the model.
        memory: what the model was made with. An image that has been read is not looked up: whoever
            read it has done so.
        header: True to read the header, too, as the gate needs.

    Returns:
        What was found in the image, or the error if it cannot be read.
    """
    geometry = info.geometry
    if isinstance(image, ReadImage):
        facts = Facts(image.acquisition, image.pixels, geometry, _ages(info), _views(info))
        return Found(facts, gated=image.gated)
    try:
        # A copy, so that whoever keeps the bytes does not keep the decoded picture with them.
        source = replace(image) if isinstance(image, Source) else read_bytes(Path(image))
        pixels = load_pixels(source, geometry)
        warnings = memory.recall(source)
        if not header:
            size = Acquisition(geometry.width, geometry.height)
            return Found(Facts(size, pixels, geometry), warnings)
        acquisition = read_acquisition(source)
        facts = Facts(acquisition, pixels, geometry, _ages(info), _views(info))
        return Found(facts, warnings)
    except ImageError as error:
        return error


def read_ahead(
    images: Iterable[Image | ReadImage],
    read: Callable[[Image | ReadImage], tuple[str, Read]],
    batch: int,
    pool: Executor,
) -> Iterator[list[tuple[str, Read]]]:
    """Reads images in a stream, one batch ahead of the network.

    So decoding and the network share the cores, and only a few images are in memory at any time.

    Args:
        images: images to read, in any number.
        read: function that reads one image, and returns its name and what was found.
        batch: number of images in a batch.
        pool: threads that read.

    Yields:
        Batches of the name and the content of each image, in order.
    """
    found = in_stream(pool, read, images, batch)
    while due := list(islice(found, batch)):
        yield due


def _ages(info: BundleInfo) -> tuple[float, float] | None:
    """Returns the least and greatest age of the patients that a model was made with, if known."""
    known = info.training_data.get("attributions", [])
    ages = [(data.get("youngest"), data.get("oldest")) for data in known]
    if not ages or any(None in pair for pair in ages):
        return None
    return min(low for low, _ in ages), max(high for _, high in ages)


def _views(info: BundleInfo) -> frozenset[str]:
    """Returns the views of the images that a model was made with; empty if not known."""
    if said := info.training_data.get("views"):
        return frozenset(said)
    known = info.training_data.get("attributions", [])
    # Ages are kept where the data set has nearly all of the images: the same holds for its views.
    views = [views_of(data.get("name", "")) if data.get("oldest") else None for data in known]
    return frozenset[str]().union(*filter(None, views)) if all(views) else frozenset()


def name_of(image: Image | ReadImage) -> str:
    """Returns the name of an image in its record."""
    return image.name if isinstance(image, Source | ReadImage) else public_name(image)
