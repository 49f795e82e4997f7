"""Thresholds chosen on labelled scores, with what is to be expected of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pneumoscope.statistics.arrays import BoolArray, FloatArray, StrArray
from pneumoscope.statistics.ranking import Cumulative, cumulative, ratio
from pneumoscope.statistics.resampling import bootstrap
from pneumoscope.types import OperatingPoint

FEWEST_PATIENTS = 10
"""With fewer patients of a class, nothing is fitted to them or chosen by them."""

_AT_LEAST = 0.95

Preference = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""Takes sensitivity and specificity of every threshold; returns how good each is, and what decides
between equals. A goodness of 0 or less is no choice."""


def _balanced(sensitivity: FloatArray, specificity: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.round(sensitivity + specificity - 1, 12), sensitivity  # 12: ties are ties


def _screening(sensitivity: FloatArray, specificity: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.where(sensitivity >= _AT_LEAST, specificity, 0.0), sensitivity


def _confirm(sensitivity: FloatArray, specificity: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.where(specificity >= _AT_LEAST, sensitivity, 0.0), specificity


_PREFERENCES: dict[str, Preference] = {
    "balanced": _balanced,
    "screening": _screening,
    "confirm": _confirm,
}


def choose_operating_points(
    truth: BoolArray, score: FloatArray, patients: StrArray, *, seed: int = 0
) -> tuple[tuple[OperatingPoint, ...], tuple[str, ...]]:
    """Chooses the named thresholds on labelled scores.

    `balanced` has the greatest sum of sensitivity and specificity (Youden, Cancer 1950;3:32-35);
    `screening` the highest specificity with a sensitivity of .95 or more; `confirm` the highest
    sensitivity with a specificity of .95 or more. A threshold lies midway between two
    neighbouring scores, so that a rounding error changes no call. Its sensitivity and specificity
    are those on these very scores, which flatters them, with 95 % intervals from a bootstrap of
    patients at that threshold.

    Args:
        truth: whether each image is positive, shape (n,).
        score: of each image, in [0, 1], shape (n,).
        patients: key of the patient of each image, shape (n,).
        seed: of the bootstrap.

    Returns:
        The points, the default first, and in words what could not be chosen. Where nothing can
        be chosen it is the point `default` at .5 alone, of which nothing is expected.
    """
    obstacle = _obstacle(truth, score, patients)
    if obstacle:
        return (OperatingPoint(),), (f"No threshold was chosen, and 0.5 stays: {obstacle}",)
    counts = cumulative(truth, score, np.ones((1, len(score))))
    points, notices = [], []
    for name, preference in _PREFERENCES.items():
        threshold = _best(counts, preference)
        if threshold is None:
            notices.append(f"There is no operating point {name}: no threshold reaches what it asks")
        else:
            points.append(_with_expectation(name, threshold, truth, score, patients, seed))
    return tuple(points), tuple(notices)


def _obstacle(truth: BoolArray, score: FloatArray, patients: StrArray) -> str:
    """Why no threshold can be chosen at all; empty if one can."""
    if not np.isfinite(score).all():
        return "some scores are no numbers"
    fewest = min(len(np.unique(patients[side])) for side in (truth, ~truth))
    if fewest < FEWEST_PATIENTS:
        return f"it takes {FEWEST_PATIENTS} patients of each side, and one side has {fewest}"
    counts = cumulative(truth, score, np.ones((1, len(score))))
    if _best(counts, _balanced) is None:
        return "the scores rank positive images no higher than negative ones"
    return ""


def _best(counts: Cumulative, preference: Preference) -> float | None:
    # Calling everything positive, as at the lowest score, is no choice: the last is left out.
    tp, fp = counts.true_positives[0], counts.false_positives[0]
    goodness, then = preference(tp[:-1] / tp[-1], (fp[-1] - fp[:-1]) / fp[-1])
    if not (goodness > 0).any():
        return None
    at = np.lexsort((then, goodness))[-1]
    return float(counts.thresholds[at] + counts.thresholds[at + 1]) / 2


def _with_expectation(
    name: str,
    threshold: float,
    truth: BoolArray,
    score: FloatArray,
    patients: StrArray,
    seed: int,
) -> OperatingPoint:
    called = score >= threshold

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        return {
            "sensitivity": ratio(weights @ (truth & called), weights @ truth),
            "specificity": ratio(weights @ (~truth & ~called), weights @ ~truth),
        }

    return OperatingPoint(name, threshold, **bootstrap(measure, patients, seed=seed))
