"""The choice of thresholds, on the calibrated scores of validation images.

See `docs/adr/0014-calibration.md` and `docs/adr/0044-a-calibration-for-each-hospital.md`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pneumoscope.notices import Notice
from pneumoscope.statistics import (
    FEWEST_PATIENTS,
    FloatArray,
    StrArray,
    choose_operating_points,
    find_undecided,
    measure_sources,
)
from pneumoscope.training.calibrate import ValidationScores
from pneumoscope.training.doubts import find_doubts
from pneumoscope.types import OperatingPoint


def choose_points(
    scores: ValidationScores, changed: ValidationScores, *, seed: int
) -> tuple[tuple[OperatingPoint, ...], tuple[Notice, ...]]:
    """Chooses the operating points of a network that is calibrated, on the validation patients.

    A threshold has to serve where images look otherwise, so it is chosen on changed copies as well,
    and its expected sensitivity and specificity include these, also those of the default in each
    source. The undecided zone of the default is found on the images as they are. Hospitals count
    alike; those without enough patients of each class do not count at all, since they would be on
    one side of the balance alone, and move it for the others.

    Args:
        scores: calibrated probabilities of the validation images.
        changed: calibrated probabilities of these images and of their changed copies.
        seed: seed of the bootstrap behind the intervals.

    Returns:
        The operating points, the default first; and notices of what could not be chosen, or is
        doubtful.
    """
    points, notices = choose_thresholds(scores, changed, seed=seed)
    doubts = find_doubts(*scores.ranked, scores.patients, points[0].threshold, seed=seed)
    return points, (*notices, *doubts)


def choose_thresholds(
    scores: ValidationScores, changed: ValidationScores, *, seed: int
) -> tuple[tuple[OperatingPoint, ...], tuple[Notice, ...]]:
    """Chooses the operating points as `choose_points`, without a doubt whether training worked."""
    counting = _weigh_hospitals(changed)
    counted = replace(changed, weights=counting).pick(counting > 0)
    points, notices = choose_operating_points(
        *counted.ranked, counted.patients, counted.weights, seed=seed
    )
    default = points[0]
    if default.sensitivity is not None:  # it was chosen
        plainly = _weigh_hospitals(scores)
        plain = replace(scores, weights=plainly).pick(plainly > 0)
        undecided = find_undecided(
            default.threshold,
            *plain.ranked,
            plain.patients,
            plain.weights,
            plain.hospitals,
            seed=seed,
        )
        sources = measure_sources(
            default.threshold,
            *changed.ranked,
            changed.patients,
            changed.sources,
            changed.weights,
            changed.hospitals,
            counting,
            seed=seed,
        )
        points = (replace(default, undecided=undecided, sources=sources), *points[1:])
    return points, notices


def _weigh_hospitals(scores: ValidationScores) -> FloatArray:
    """Weighs images for the choice of a threshold: hospitals count alike in each class.

    Returns:
        Weight of each image, 1 on average over the images of a class that count, float64 of shape
        (n,); 0 for hospitals without enough patients of each class. Where no hospital has them,
        the weights are those of the scores.
    """
    hospitals = scores.hospitals
    whole = [
        name
        for name in _known_first(hospitals)
        if scores.pick(hospitals == name).fewest_patients >= FEWEST_PATIENTS
    ]
    if not whole:
        return scores.weights
    counted, weights = np.isin(hospitals, whole), np.zeros(len(hospitals))
    for label in range(scores.probabilities.shape[1]):
        of_class = counted & (scores.labels == label)
        for name in whole:
            here = of_class & (hospitals == name)
            share = of_class.sum() / len(whole) / scores.weights[here].sum()
            weights[here] = scores.weights[here] * share
    return weights


def _known_first(hospitals: StrArray) -> list[str]:
    """Lists the known hospitals; images of unknown origin count as one where there are no other."""
    return sorted({*hospitals.tolist()} - {""}) or [""]
