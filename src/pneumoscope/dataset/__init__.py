"""Data sets: their images, classes and patients, division into splits, and preparation."""

from collections.abc import Sequence
from pathlib import Path

from pneumoscope.dataset.classes import name_classes
from pneumoscope.dataset.phantom import Layout, PhantomSettings, make_phantoms
from pneumoscope.dataset.prepare import ensure_prepared, prepare
from pneumoscope.dataset.prepared import LeftOut, PreparedSet, identify, is_prepared, read_prepared
from pneumoscope.dataset.sample import draw_sample
from pneumoscope.dataset.scan import ImageSet, ScanSettings, scan
from pneumoscope.dataset.split import SplitSettings
from pneumoscope.known import Attribution
from pneumoscope.types import Geometry

__all__ = [
    "Attribution",
    "ImageSet",
    "Layout",
    "LeftOut",
    "PhantomSettings",
    "PreparedSet",
    "ScanSettings",
    "SplitSettings",
    "draw_sample",
    "ensure_prepared",
    "identify",
    "is_prepared",
    "make_phantoms",
    "name_classes",
    "prepare",
    "read_images",
    "read_prepared",
    "scan",
]


def read_images(
    data: Path, geometry: Geometry, classes: Sequence[str] = (), root: Path | None = None
) -> ImageSet:
    """Lists the images of a data set, prepared or not.

    Args:
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        geometry: image size that is wanted.
        classes: class names in the order that is wanted; ignored if the data set has others.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest.

    Raises:
        DataError: if the data set cannot be used, or was prepared at another image size.
    """
    if not is_prepared(data):
        return scan(data, ScanSettings(root=root)).ordered_as(classes)
    prepared = read_prepared(data)
    prepared.require_geometry(geometry)
    return prepared.images.ordered_as(classes)
