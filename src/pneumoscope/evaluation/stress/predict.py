"""The predictions of all images under all conditions, made with little additional memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.stress.conditions import Condition
from pneumoscope.evaluation.stress.moved import map_correlation
from pneumoscope.imaging.changes import Grey
from pneumoscope.inference import Predictor
from pneumoscope.parallel import in_parallel
from pneumoscope.statistics import BoolArray, FloatArray

_CHUNK = 256  # images that are changed before they are predicted


@dataclass(frozen=True, eq=False)
class Outcome:
    """The predictions of a model for n images under one condition.

    Attributes:
        scored: the images with their probabilities.
        map_correlation: Spearman's correlation of the activation map of each image with that of
            the unchanged image, moved to where its places now are, shape (n,); for the class
            predicted of the unchanged image. NaN where there is no map, or where it has one value
            everywhere.
    """

    scored: ScoredImages
    map_correlation: FloatArray


def predict_under(
    conditions: Sequence[Condition],
    predictor: Predictor,
    cohort: Cohort,
    tick: Callable[[int], None],
    *,
    maps: bool = False,
) -> dict[str, Outcome]:
    """Predicts all images under each condition.

    Args:
        conditions: the conditions; the first is that of the unchanged images.
        predictor: the model.
        cohort: the images.
        tick: called with the number of predictions that have been made since it was last called.
        maps: True to compare activation maps, where the network gives any.

    Returns:
        The predictions by name of the condition.
    """
    outcomes: dict[str, Outcome] = {}
    clean_maps = np.empty(0, np.float32)
    for condition in conditions:
        probabilities, found = _predict(condition, predictor, cohort, tick, maps)
        scored = ScoredImages.of(cohort, predictor, probabilities)
        correlation = np.full(len(cohort), np.nan)
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
    cohort: Cohort,
    tick: Callable[[int], None],
    maps: bool,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Predicts probabilities (n, c), and maps (n, c, h', w') if wanted and there are any."""
    pixels = cohort.pixels[predictor.info.geometry]
    show = partial(_show, condition, pixels, cohort.positive)
    probabilities, found = [], []
    for start in range(0, len(pixels), _CHUNK):
        shown = np.stack(in_parallel(show, range(start, min(start + _CHUNK, len(pixels)))))
        if maps and predictor.gives_maps:
            said, where = predictor.activation_maps(shown)
            found.append(where)
        else:
            said = predictor.probabilities(shown)
        probabilities.append(said)
        tick(len(shown))
    return np.concatenate(probabilities), np.concatenate(found) if found else None


def _show(condition: Condition, pixels: Grey, positive: BoolArray, index: int) -> Grey:
    return condition.alter(pixels[index], bool(positive[index]))
