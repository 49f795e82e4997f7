"""All images under all conditions through a model, with little more in memory than they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import ImageError
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.stress.conditions import Condition
from pneumoscope.evaluation.stress.moved import map_correlation
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.imaging.alter import Grey
from pneumoscope.inference import Predictor
from pneumoscope.parallel import in_parallel
from pneumoscope.statistics import BoolArray, FloatArray
from pneumoscope.task import is_positive
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


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a model said of the n images under one condition.

    Attributes:
        scored: the images with their probabilities.
        map_correlation: Spearman's correlation of each image's activation map with that of the
            same image as it is, where its places now are, shape (n,); for the class that the
            image is called as it is. NaN where there is no map, or it is the same everywhere.
    """

    scored: ScoredImages
    map_correlation: FloatArray


def predict_under(
    conditions: Sequence[Condition],
    predictor: Predictor,
    readable: Readable,
    tick: Callable[[int], None],
    *,
    maps: bool = False,
) -> dict[str, Outcome]:
    """Predicts all images under each condition.

    Args:
        conditions: how they are shown; first as they are.
        predictor: the model.
        readable: the images.
        tick: called with the number of predictions that have been made since it was last called.
        maps: whether activation maps are compared, where the network gives any.

    Returns:
        What the model said, by condition.
    """
    outcomes: dict[str, Outcome] = {}
    clean_maps = np.empty(0, np.float32)
    for condition in conditions:
        probabilities, found = _predict(condition, predictor, readable, tick, maps)
        scored = ScoredImages.of(
            readable.records,
            predictor.info.classes,
            probabilities.astype(np.float64),
            predictor.operating_point.threshold,
        )
        correlation = np.full(len(readable.records), np.nan)
        if found is not None:
            clean = next(iter(outcomes.values())).scored if outcomes else scored
            called_maps = found[np.arange(len(found)), clean.predicted]
            if not outcomes:
                clean_maps = called_maps
            correlation = map_correlation(condition, clean_maps, called_maps)
        outcomes[condition.name] = Outcome(scored, correlation)
    return outcomes


def _predict(
    condition: Condition,
    predictor: Predictor,
    readable: Readable,
    tick: Callable[[int], None],
    maps: bool,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Probabilities (n, c), and if wanted and there are any maps (n, c, h', w')."""
    pixels = readable.pixels[predictor.info.geometry]
    positive = is_positive(np.array([record.label for record in readable.records], np.int64))
    show = partial(_show, condition, pixels, positive)
    probabilities, found = [], []
    for start in range(0, len(pixels), _CHUNK):
        shown = np.stack(in_parallel(show, range(start, min(start + _CHUNK, len(pixels)))))
        if maps and predictor.explains:
            said, where = predictor.activation_maps(shown)
            found.append(where)
        else:
            said = predictor.probabilities(shown)
        probabilities.append(said)
        tick(len(shown))
    return np.concatenate(probabilities), np.concatenate(found) if found else None


def _show(condition: Condition, pixels: Grey, positive: BoolArray, index: int) -> Grey:
    return condition.alter(pixels[index], bool(positive[index]))
