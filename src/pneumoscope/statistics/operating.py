"""Thresholds chosen on labelled scores, with what is to be expected of them."""

from __future__ import annotations

import numpy as np

from pneumoscope.statistics.arrays import BoolArray, FloatArray, StrArray
from pneumoscope.statistics.few import FEWEST_PATIENTS
from pneumoscope.statistics.ranking import cumulative, ratio
from pneumoscope.statistics.resampling import Resampling
from pneumoscope.task import called_positive
from pneumoscope.types import Notice, OperatingPoint, Undecided

_AT_LEAST = 0.95


def choose_operating_points(
    truth: BoolArray, score: FloatArray, patients: StrArray, *, seed: int = 0
) -> tuple[tuple[OperatingPoint, ...], tuple[Notice, ...]]:
    """Chooses the named thresholds on labelled scores.

    `balanced` has the greatest sum of sensitivity and specificity (Youden, Cancer 1950;3:32-35);
    `screening` the highest specificity with a sensitivity of .95 or more, and at most half of the
    misses of `balanced`; `confirm` the highest sensitivity with a specificity of .95 or more, and
    at most half of the false alarms of `balanced`. A threshold lies midway between two
    neighbouring scores, so that a rounding error changes no call. Its sensitivity and specificity
    are those on these very scores, which flatters them, with 95 % intervals from a bootstrap of
    patients at that threshold.

    Args:
        truth: whether each image is positive, shape (n,).
        score: of each image, in [0, 1], shape (n,).
        patients: key of the patient of each image, shape (n,).
        seed: of the bootstrap.

    Returns:
        The points, the default first, and what could not be chosen. Where nothing can
        be chosen it is the point `default` at .5 alone, of which nothing is expected.
    """
    obstacle = _obstacle(truth, score, patients)
    if obstacle:
        text = f"No threshold was chosen, and 0.5 stays: {obstacle}"
        return (OperatingPoint(),), (Notice("no-threshold", text, {"why": obstacle}),)
    points, notices = [], []
    for name, threshold in _best_thresholds(truth, score).items():
        if threshold is None:
            text = f"There is no operating point {name}: no threshold reaches what it asks"
            notices.append(Notice("no-operating-point", text, {"operating_point": name}))
        else:
            points.append(_with_expectation(name, threshold, truth, score, patients, seed))
    return tuple(points), tuple(notices)


def find_undecided(
    threshold: float, truth: BoolArray, score: FloatArray, patients: StrArray, *, seed: int = 0
) -> Undecided | None:
    """Finds the scores about a threshold that have to go without a label to halve the mistakes.

    As few positive images as can be are called negative with a lower score, and as few negative
    ones positive with a higher score, that either is half of what it is without (rounded up, so
    that no single image rules). Both ends lie midway between two neighbouring scores.

    Args:
        threshold: from which on images are called positive.
        truth: whether each image is positive, shape (n,).
        score: of each image, in [0, 1], finite, shape (n,).
        patients: key of the patient of each image, shape (n,).
        seed: of the bootstrap.

    Returns:
        What it is, with the share and the error on these very scores, which flatters them; None
        where there is no mistake to be spared.
    """
    called = called_positive(score, threshold)
    missed = np.sort(score[truth & ~called])
    alarming = np.sort(score[~truth & called])[::-1]
    low = high = threshold
    for spared in missed[-(-len(missed) // 2) :][:1]:
        low = float(spared + score[score < spared].max(initial=0.0)) / 2
    for spared in alarming[-(-len(alarming) // 2) :][:1]:
        high = float(spared + score[score > spared].min(initial=1.0)) / 2
    if low == high:
        return None
    decided = (score < low) | (score >= high)
    wrong = decided & ((score >= high) != truth)

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        return {
            "share": ratio(weights @ ~decided, weights.sum(axis=1)),
            "error": ratio(weights @ wrong, weights @ decided),
        }

    found = Resampling(seed=seed).estimate(measure, patients)
    return Undecided(low, high, found["share"], found["error"])


def _obstacle(truth: BoolArray, score: FloatArray, patients: StrArray) -> str:
    """Why no threshold can be chosen at all; empty if one can."""
    if not np.isfinite(score).all():
        return "some scores are no numbers"
    fewest = min(len(np.unique(patients[side])) for side in (truth, ~truth))
    if fewest < FEWEST_PATIENTS:
        return f"it takes {FEWEST_PATIENTS} patients of each side, and one side has {fewest}"
    if _best_thresholds(truth, score)["balanced"] is None:
        return "the scores rank positive images no higher than negative ones"
    return ""


def _best_thresholds(truth: BoolArray, score: FloatArray) -> dict[str, float | None]:
    """The threshold of each named point, None where there is none."""
    counts = cumulative(truth, score, np.ones((1, len(score))))
    tp, fp = counts.true_positives[0], counts.false_positives[0]
    # Calling everything positive, as from the lowest score up, is no choice: the last is left out.
    sensitivity, specificity = tp[:-1] / tp[-1], (fp[-1] - fp[:-1]) / fp[-1]
    between = (counts.thresholds[:-1] + counts.thresholds[1:]) / 2
    youden = np.round(sensitivity + specificity - 1, 12)  # so that ties are ties
    balanced = _best(youden, sensitivity)
    if balanced is None:
        return {"balanced": None}
    sensitive = sensitivity >= max(_AT_LEAST, _halfway(sensitivity[balanced]))
    specific = specificity >= max(_AT_LEAST, _halfway(specificity[balanced]))
    chosen = {
        "balanced": balanced,
        "screening": _best(specificity * sensitive, sensitivity),
        "confirm": _best(sensitivity * specific, specificity),
    }
    return {name: None if at is None else float(between[at]) for name, at in chosen.items()}


def _halfway(rate: float) -> float:
    """The rate with half of the mistakes."""
    return (1 + rate) / 2


def _best(goodness: FloatArray, then: FloatArray) -> int | None:
    """Where goodness is greatest, and among equals `then`; None if it is nowhere above 0."""
    if not (goodness > 0).any():
        return None
    return int(np.lexsort((then, goodness))[-1])


def _with_expectation(
    name: str,
    threshold: float,
    truth: BoolArray,
    score: FloatArray,
    patients: StrArray,
    seed: int,
) -> OperatingPoint:
    called = called_positive(score, threshold)

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        return {
            "sensitivity": ratio(weights @ (truth & called), weights @ truth),
            "specificity": ratio(weights @ (~truth & ~called), weights @ ~truth),
        }

    found = Resampling(seed=seed).estimate(measure, patients)
    return OperatingPoint(name, threshold, found["sensitivity"], found["specificity"])
