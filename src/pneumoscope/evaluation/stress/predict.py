"""All images under all conditions through a model, with little more in memory than they are."""

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
    cohort: Cohort,
    tick: Callable[[int], None],
    *,
    maps: bool = False,
) -> dict[str, Outcome]:
    """Predicts all images under each condition.

    Args:
        conditions: how they are shown; first as they are.
        predictor: the model.
        cohort: the images.
        tick: called with the number of predictions that have been made since it was last called.
        maps: whether activation maps are compared, where the network gives any.

    Returns:
        What the model said, by condition.
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
    """Probabilities (n, c), and if wanted and there are any maps (n, c, h', w')."""
    pixels = cohort.pixels[predictor.info.geometry]
    show = partial(_show, condition, pixels, cohort.positive)
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
