"""Doubts whether a training has worked at all, by its validation patients."""

from __future__ import annotations

import numpy as np

from pneumoscope.notices import Notice
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
) -> tuple[Notice, ...]:
    """Finds out whether a network may be no better than chance, or predicts one class only.

    Args:
        truth: True for each positive validation image, shape (n,).
        score: probability of the positive side of each image, in [0, 1], shape (n,).
        patients: key of the patient of each image, shape (n,).
        threshold: threshold of the default operating point.
        seed: seed of the bootstrap behind the interval.

    Returns:
        A notice for each doubt; none if the training has worked, or if all images are of one side,
        so that this cannot be judged.
    """
    if truth.all() or not truth.any():
        return ()

    def ranking(weights: FloatArray) -> dict[str, FloatArray]:
        return {"auroc": auroc(cumulative(truth, score, weights))}

    found = Resampling(seed=seed).estimate(ranking, patients)["auroc"]
    counts = {"images": len(truth), "patients": len(np.unique(patients))}
    images = f"{counts['images']} validation images of {counts['patients']} patients"
    doubts = []
    if any(value is not None and value <= _CHANCE for value in (found.value, found.low)):
        text = _in_words(f"on {images} it may be no better than chance, AUROC {found}")
        values = {"auroc": found.value, "low": found.low, "high": found.high}
        doubts.append(Notice("no-better-than-chance", text, {**values, **counts}))
    called = called_positive(score, threshold)
    if called.all() or not called.any():
        side = "positive" if called.all() else "negative"
        said = f"calls each of {images} {side}, at a threshold of {threshold:.4f}"
        text = f"It also {said}" if doubts else _in_words(f"it {said}")
        values = {"threshold": threshold}
        doubts.append(Notice("all-called-alike", text, {"called": side, **values, **counts}))
    return tuple(doubts)


def _in_words(doubt: str) -> str:
    return f"This training has not worked: {doubt}; {_REMEDY}"
