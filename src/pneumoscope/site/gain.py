"""What a calibration gains, on patients that it was not fitted to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pneumoscope.statistics import (
    BoolArray,
    Estimate,
    FloatArray,
    Resampling,
    StrArray,
    calibration_measures,
    ratio,
)
from pneumoscope.task import called_positive, is_positive, positive_score
from pneumoscope.training.calibrate import ValidationScores, calibrated
from pneumoscope.types import Calibration, OperatingPoint

DIVISIONS = 10
"""Number of random divisions of the patients into halves."""

MEASURES = ("log_loss", "brier", "ece", "sensitivity", "specificity", "balanced_accuracy")
LESS_IS_BETTER = MEASURES[:3]


class Fitter(Protocol):
    """What calibrates labelled scores, and chooses operating points on them."""

    def __call__(
        self, scores: ValidationScores, *, seed: int
    ) -> tuple[Calibration, tuple[OperatingPoint, ...]]:
        """Fits both to these images, and to nothing else."""


@dataclass(frozen=True)
class Gain:
    """A measure before and after a calibration, on patients that it was not fitted to.

    Attributes:
        before: the measure by the probabilities and the default threshold of the parent.
        after: the same by those of calibrations fitted to the other half of the patients, mean
            over the divisions.
        difference: after less before, on the same resamples of patients.
        less_is_better: True for a measure of an error.
    """

    before: Estimate
    after: Estimate
    difference: Estimate
    less_is_better: bool = False

    @property
    def direction(self) -> int:
        """1 if the measure is better by more than chance explains, -1 if worse, otherwise 0."""
        low, high = self.difference.low, self.difference.high
        if low is None or high is None or low <= 0 <= high:
            return 0
        return 1 if (high < 0) == self.less_is_better else -1


@dataclass(frozen=True, eq=False)
class _Called:
    """Scores of n images and what they are called, before or after, in d divisions.

    Attributes:
        score: probability of the positive side, shape (d, n).
        called: True for each image that is called positive, shape (d, n).
    """

    score: FloatArray
    called: BoolArray


def measure_gain(
    scores: ValidationScores,
    threshold: float,
    fit: Fitter,
    resampling: Resampling,
    divisions: int = DIVISIONS,
) -> dict[str, Gain]:
    """Measures what a calibration gains, cross-fitted by patients.

    The patients are divided into halves at random, patients with a positive image and all others
    each for themselves. Each half is measured by the calibration and the threshold that were fitted
    to the other half, so that no image has a part in what it is measured by. One division is luck,
    so the measures are means over several. A calibration that is fitted to all patients should
    gain no less, as it has twice as many.

    Args:
        scores: the labelled images, with the probabilities of the parent.
        threshold: threshold of the default operating point of the parent.
        fit: calibrates one half.
        resampling: resamples of the patients; its seed also draws the divisions.
        divisions: number of divisions.

    Returns:
        The gain by measure, in the order of `MEASURES`.
    """
    truth = is_positive(scores.labels)
    score = positive_score(scores.probabilities)[np.newaxis]
    before = _Called(score, called_positive(score, threshold))
    after = _cross_fit(scores, fit, divisions, resampling.seed)

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        sides = {"before": before, "after": after}
        found = {side: _measure(truth, called, weights) for side, called in sides.items()}
        found["difference"] = {n: found["after"][n] - found["before"][n] for n in MEASURES}
        return {f"{side} {n}": values[n] for side, values in found.items() for n in MEASURES}

    of = {"sensitivity": truth, "specificity": ~truth}
    proportions = {f"{side} {n}": who for side in ("before", "after") for n, who in of.items()}
    found = resampling.estimate(measure, scores.patients, proportions)
    return {
        name: Gain(
            before=found[f"before {name}"],
            after=found[f"after {name}"],
            difference=found[f"difference {name}"],
            less_is_better=name in LESS_IS_BETTER,
        )
        for name in MEASURES
    }


def halves(truth: BoolArray, patients: StrArray, divisions: int, seed: int) -> Iterator[BoolArray]:
    """Divides patients into halves at random, again and again.

    Args:
        truth: True for each positive image, shape (n,).
        patients: key of the patient of each image, shape (n,).
        divisions: number of divisions.
        seed: seed of the draw.

    Yields:
        True for each image of the first half, shape (n,).
    """
    keys, codes = np.unique(patients, return_inverse=True)
    ill = np.bincount(codes, truth, len(keys)) > 0
    rng = np.random.default_rng(seed)
    for _ in range(divisions):
        order = rng.permutation(len(keys))
        order = order[np.argsort(ill[order], kind="stable")]
        first = np.zeros(len(keys), np.bool_)
        first[order[::2]] = True
        yield first[codes]


def _cross_fit(scores: ValidationScores, fit: Fitter, divisions: int, seed: int) -> _Called:
    n = len(scores.labels)
    score, called = np.empty((divisions, n)), np.empty((divisions, n), np.bool_)
    for row, first in enumerate(
        halves(is_positive(scores.labels), scores.patients, divisions, seed)
    ):
        for measured in (first, ~first):
            calibration, points = fit(scores.pick(~measured), seed=seed)
            given = positive_score(calibrated(scores.probabilities[measured], calibration))
            score[row, measured] = given
            called[row, measured] = called_positive(given, points[0].threshold)
    return _Called(score, called)


def _measure(truth: BoolArray, given: _Called, weights: FloatArray) -> dict[str, FloatArray]:
    """Computes all measures, mean over the divisions, for weights of shape (r, n)."""
    by_division = [
        calibration_measures(truth, score, weights)
        | {
            "sensitivity": ratio(weights @ (truth & called), weights @ truth),
            "specificity": ratio(weights @ (~truth & ~called), weights @ ~truth),
        }
        for score, called in zip(given.score, given.called, strict=True)
    ]
    found = {name: np.mean([each[name] for each in by_division], axis=0) for name in by_division[0]}
    return found | {"balanced_accuracy": (found["sensitivity"] + found["specificity"]) / 2}
