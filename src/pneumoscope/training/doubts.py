"""Whether a training has worked at all, as far as the validation patients tell."""

from __future__ import annotations

import numpy as np

from pneumoscope.statistics import (
    BoolArray,
    FloatArray,
    Resampling,
    StrArray,
    auroc,
    cumulative,
)
from pneumoscope.task import called_positive

_CHANCE = 0.5
_REMEDY = "look at its curves, and train on more images, for more epochs or at another rate"


def find_doubts(
    truth: BoolArray, score: FloatArray, patients: StrArray, threshold: float, *, seed: int
) -> tuple[str, ...]:
    """Says of a network that has learnt nothing, or calls all images alike, that it failed.

    Args:
        truth: whether each validation image is positive, shape (n,).
        score: its probability of being so, in [0, 1], shape (n,).
        patients: key of its patient, shape (n,).
        threshold: of the default operating point.
        seed: of the bootstrap behind the interval.

    Returns:
        A line for each doubt; none if the training has worked, or if all images are of one side,
        which tell nothing.
    """
    if truth.all() or not truth.any():
        return ()

    def ranking(weights: FloatArray) -> dict[str, FloatArray]:
        return {"auroc": auroc(cumulative(truth, score, weights))}

    found = Resampling(seed=seed).estimate(ranking, patients)["auroc"]
    images = f"{len(truth)} validation images of {len(np.unique(patients))} patients"
    doubts = []
    if any(value is not None and value <= _CHANCE for value in (found.value, found.low)):
        doubts.append(f"on {images} it may be no better than chance, AUROC {found}")
    called = called_positive(score, threshold)
    if called.all() or not called.any():
        side = "positive" if called.all() else "negative"
        doubts.append(f"it calls each of {images} {side}, at a threshold of {threshold:.4f}")
    return tuple(f"This training has not worked: {doubt}; {_REMEDY}" for doubt in doubts)
