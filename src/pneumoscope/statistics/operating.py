"""Operating points and undecided zones, chosen on the scores of labelled images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pneumoscope.notices import Notice
from pneumoscope.statistics.arrays import BoolArray, FloatArray, StrArray
from pneumoscope.statistics.few import FEWEST_PATIENTS
from pneumoscope.statistics.ranking import cumulative, ratio
from pneumoscope.statistics.resampling import Resampling
from pneumoscope.task import called_positive
from pneumoscope.types import Estimate, OperatingPoint, SourceRates, Undecided

_AT_LEAST = 0.95
_ROUNDING = 1e-9
_SPARED = tuple(twentieths / 20 for twentieths in range(10, 0, -1))
_MOST_UNDECIDED = 0.1


def choose_operating_points(
    truth: BoolArray,
    score: FloatArray,
    patients: StrArray,
    weights: FloatArray | None = None,
    *,
    seed: int = 0,
) -> tuple[tuple[OperatingPoint, ...], tuple[Notice, ...]]:
    """Chooses the operating points on the scores of labelled images.

    `balanced` has the greatest sum of sensitivity and specificity (Youden, Cancer 1950;3:32-35);
    `screening` the highest specificity with a sensitivity of .95 or more, and at most half of the
    misses of `balanced`; `confirm` the highest sensitivity with a specificity of .95 or more, and
    at most half of the false alarms of `balanced`. A threshold lies midway between two
    neighbouring scores, so that a rounding error changes no prediction. Its sensitivity and
    specificity are those on these very scores, and so are optimistic, with 95 % confidence
    intervals from a bootstrap of patients at that threshold.

    Args:
        truth: ground truth, True for positive images, shape (n,).
        score: score of each image, in [0, 1], shape (n,).
        patients: key of the patient of each image, shape (n,).
        weights: weight of each image, above 0, shape (n,); by default all count alike.
        seed: seed of the bootstrap.

    Returns:
        The operating points, the default first; and notices on those that could not be chosen.
        Where none can be chosen, the only point is `default` at .5, without a sensitivity or a
        specificity.
    """
    weights = _alike(truth) if weights is None else weights
    obstacle = _obstacle(truth, score, patients, weights)
    if obstacle:
        text = f"No threshold was chosen, and 0.5 stays: {obstacle}"
        return (OperatingPoint(),), (Notice("no-threshold", text, {"why": obstacle}),)
    points, notices, resampling = [], [], Resampling(seed=seed)
    for name, threshold in _best_thresholds(truth, score, weights).items():
        if threshold is None:
            text = f"There is no operating point {name}: no threshold reaches what it asks"
            notices.append(Notice("no-operating-point", text, {"operating_point": name}))
        else:
            rates = _measure_rates(threshold, truth, score, patients, weights, resampling)
            points.append(OperatingPoint(name, threshold, *rates))
    return tuple(points), tuple(notices)


def find_undecided(
    threshold: float,
    truth: BoolArray,
    score: FloatArray,
    patients: StrArray,
    weights: FloatArray | None = None,
    groups: StrArray | None = None,
    *,
    seed: int = 0,
) -> Undecided | None:
    """Finds the undecided zone: the scores about a threshold that contain half of the errors.

    It reaches down from the threshold as far as it takes to hold half of the false negatives, and
    up from it as far as it takes to hold half of the false positives, both rounded down. Where it
    would hold more than a tenth of the images of any group, it is for a smaller fraction of both,
    in steps of a twentieth: nobody wants a model that leaves more of their images undecided. Its
    ends lie midway between two neighbouring scores.

    Args:
        threshold: score from which on images are called positive.
        truth: ground truth, True for positive images, shape (n,).
        score: score of each image, in [0, 1], finite, shape (n,).
        patients: key of the patient of each image, shape (n,).
        weights: weight of each image, above 0, shape (n,); by default all count alike.
        groups: group of each image, such as its hospital, shape (n,); by default all are of one.
        seed: seed of the bootstrap.

    Returns:
        The zone, with the fraction of images in it and the error rate outside of it, both on these
        very scores and so optimistic; None where there is no error to avoid, or no zone is small
        enough.
    """
    weights = _alike(truth) if weights is None else weights
    groups = np.full(len(truth), "") if groups is None else groups
    parts = [weights * (groups == name) for name in np.unique(groups)]
    for fraction in _SPARED:
        low, high = _find_ends(threshold, truth, score, weights, fraction)
        decided = (score < low) | (score >= high)
        if all(part @ ~decided <= _MOST_UNDECIDED * part.sum() for part in parts):
            break
    else:
        return None
    if low == high:
        return None
    wrong = decided & ((score >= high) != truth)

    def measure(drawn: FloatArray) -> dict[str, FloatArray]:
        drawn = drawn * weights
        return {
            "share": ratio(drawn @ ~decided, drawn.sum(axis=1)),
            "error": ratio(drawn @ wrong, drawn @ decided),
        }

    everything = np.ones_like(decided)
    proportions = {"share": everything, "error": decided}
    found = Resampling(seed=seed).estimate(measure, patients, proportions)
    return Undecided(low, high, found["share"], found["error"])


def measure_sources(
    threshold: float,
    truth: BoolArray,
    score: FloatArray,
    patients: StrArray,
    sources: StrArray,
    weights: FloatArray,
    hospitals: StrArray | None = None,
    counting: FloatArray | None = None,
    *,
    seed: int = 0,
) -> tuple[SourceRates, ...]:
    """Measures how a threshold, and the choice of one, hold in each source of images.

    At `threshold` each source is measured by itself. Then a threshold is chosen like `balanced` on
    all hospitals but that of this source, and measured on it: what the choice gives where it has
    not been.

    Args:
        threshold: score from which on images are called positive, chosen on all these images.
        truth: ground truth, True for positive images, shape (n,).
        score: score of each image, in [0, 1], finite, shape (n,).
        patients: key of the patient of each image, shape (n,).
        sources: name of the source of each image, empty where it is not known, shape (n,).
        weights: weight of each image in the rates of its source, above 0, shape (n,).
        hospitals: hospital of each image, shape (n,); by default each source is one.
        counting: weight of each image in the choice of a threshold, 0 where it does not count,
            shape (n,); by default `weights`.
        seed: seed of the bootstrap.

    Returns:
        The rates of each known source, by name; empty if fewer than two are known.
    """
    names = sorted(set(sources.tolist()) - {""})
    if len(names) < 2:
        return ()
    hospitals = sources if hospitals is None else hospitals
    counting = weights if counting is None else counting
    resampling = Resampling(seed=seed)
    found = []
    for name in names:
        here = sources == name
        away = (hospitals != hospitals[here][0]) & (counting > 0)
        own = truth[here], score[here], patients[here], weights[here]
        others = truth[away], score[away], patients[away], counting[away]
        rates = SourceRates(name, *_measure_rates(threshold, *own, resampling))
        if not _obstacle(*others):
            foreign = _best_thresholds(others[0], others[1], others[3])["balanced"]
            assert foreign is not None  # or there is an obstacle
            sensitivity, specificity = _measure_rates(foreign, *own, resampling)
            rates = replace(
                rates,
                foreign_threshold=foreign,
                foreign_sensitivity=sensitivity,
                foreign_specificity=specificity,
            )
        found.append(rates)
    return tuple(found)


def _alike(truth: BoolArray) -> FloatArray:
    return np.ones(len(truth))


def _find_ends(
    threshold: float, truth: BoolArray, score: FloatArray, weights: FloatArray, fraction: float
) -> tuple[float, float]:
    """Finds the ends of the zone that holds a fraction of the errors on each side."""
    called = called_positive(score, threshold)
    low = high = threshold
    for held in _nearest(-score, weights, truth & ~called, fraction):
        low = float(-held + score[score < -held].max(initial=0.0)) / 2
    for held in _nearest(score, weights, ~truth & called, fraction):
        high = float(held + score[score > held].min(initial=1.0)) / 2
    return low, high


def _nearest(
    away: FloatArray, weights: FloatArray, errors: BoolArray, fraction: float
) -> list[float]:
    """Finds how far the nearest fraction of some errors reaches; empty if each is more than it."""
    order = np.argsort(away[errors], kind="stable")
    mass = np.cumsum(weights[errors][order])
    within = int(np.count_nonzero(mass <= mass[-1:] * fraction * (1 + _ROUNDING)))
    return [float(away[errors][order][within - 1])] if within else []


def _obstacle(truth: BoolArray, score: FloatArray, patients: StrArray, weights: FloatArray) -> str:
    """Says why no threshold can be chosen at all; returns an empty text if one can."""
    if not np.isfinite(score).all():
        return "some scores are NaN or infinite"
    fewest = min(len(np.unique(patients[side])) for side in (truth, ~truth))
    if fewest < FEWEST_PATIENTS:
        return f"it takes {FEWEST_PATIENTS} patients of each side, and one side has {fewest}"
    if _best_thresholds(truth, score, weights)["balanced"] is None:
        return "the scores rank positive images no higher than negative ones"
    return ""


def _best_thresholds(
    truth: BoolArray, score: FloatArray, weights: FloatArray
) -> dict[str, float | None]:
    """Finds the threshold of each operating point; None where there is none."""
    counts = cumulative(truth, score, weights[np.newaxis])
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
    """Returns the rate that leaves half of the errors."""
    return (1 + rate) / 2


def _best(goodness: FloatArray, then: FloatArray) -> int | None:
    """Finds the index of the greatest goodness, ties broken by `then`; None if none is above 0."""
    if not (goodness > 0).any():
        return None
    return int(np.lexsort((then, goodness))[-1])


def _measure_rates(
    threshold: float,
    truth: BoolArray,
    score: FloatArray,
    patients: StrArray,
    weights: FloatArray,
    resampling: Resampling,
) -> tuple[Estimate, Estimate]:
    """Measures sensitivity and specificity at a threshold."""
    called = called_positive(score, threshold)

    def measure(drawn: FloatArray) -> dict[str, FloatArray]:
        drawn = drawn * weights
        return {
            "sensitivity": ratio(drawn @ (truth & called), drawn @ truth),
            "specificity": ratio(drawn @ (~truth & ~called), drawn @ ~truth),
        }

    proportions = {"sensitivity": truth, "specificity": ~truth}
    found = resampling.estimate(measure, patients, proportions)
    return found["sensitivity"], found["specificity"]
