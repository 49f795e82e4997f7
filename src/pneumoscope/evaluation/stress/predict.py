"""All images under all conditions through a model, with little more in memory than they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pneumoscope.errors import ImageError
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.stress.conditions import Condition
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.imaging.alter import Grey
from pneumoscope.inference import Predictor
from pneumoscope.parallel import in_parallel
from pneumoscope.types import Geometry, ImageRecord

_CHUNK = 256  # images that are changed before they are predicted


@dataclass(frozen=True, eq=False)
class Readable:
    """The images of a data set as pixels.

    Attributes:
        records: the n images that could be read.
        pixels: uint8 of shape (n, h, w), at each geometry.
        unreadable: why each of the others was left out.
    """

    records: tuple[ImageRecord, ...]
    pixels: Mapping[Geometry, Grey]
    unreadable: tuple[str, ...]

    def count(self, classes: Sequence[str]) -> dict[str, int]:
        """Images of each class."""
        labels = [record.label for record in self.records]
        return {name: labels.count(label) for label, name in enumerate(classes)}


def read_once(records: Sequence[ImageRecord], geometries: Iterable[Geometry]) -> Readable:
    """Reads each image once, at every geometry."""
    pixels = {g: np.zeros((len(records), g.height, g.width), np.uint8) for g in geometries}

    def read(index: int) -> str:
        try:
            source = read_bytes(records[index].path)
            for geometry, images in pixels.items():
                images[index] = load_pixels(source, geometry)
        except ImageError as error:
            return str(error)
        return ""

    errors = in_parallel(read, range(len(records)))
    broken = tuple(error for error in errors if error)
    if broken:
        kept = np.array([not error for error in errors])
        pixels = {geometry: images[kept] for geometry, images in pixels.items()}
    readable = tuple(r for r, error in zip(records, errors, strict=True) if not error)
    return Readable(readable, pixels, broken)


def predict_under(
    conditions: Sequence[Condition],
    predictor: Predictor,
    readable: Readable,
    tick: Callable[[int], None],
) -> dict[str, ScoredImages]:
    """Predicts all images under each condition.

    Args:
        conditions: how they are shown.
        predictor: the model.
        readable: the images.
        tick: called with the number of predictions that have been made since it was last called.

    Returns:
        The images with their probabilities, by condition.
    """
    pixels = readable.pixels[predictor.info.geometry]
    scored = {}
    for condition in conditions:
        show = partial(_show, condition, pixels, readable.records)
        parts = []
        for start in range(0, len(pixels), _CHUNK):
            shown = in_parallel(show, range(start, min(start + _CHUNK, len(pixels))))
            parts.append(predictor.probabilities(np.stack(shown)))
            tick(len(shown))
        scored[condition.name] = ScoredImages.of(
            readable.records,
            predictor.info.classes,
            np.concatenate(parts).astype(np.float64),
            predictor.operating_point.threshold,
        )
    return scored


def _show(condition: Condition, pixels: Grey, records: Sequence[ImageRecord], index: int) -> Grey:
    return condition.alter(pixels[index], records[index].label != 0)
