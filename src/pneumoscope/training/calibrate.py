"""The calibration of the probabilities, folded into the network.

See `docs/adr/0014-calibration.md` and `docs/adr/0044-a-calibration-for-each-hospital.md`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from pneumoscope.graph import PROBABILITIES
from pneumoscope.known import hospital_of
from pneumoscope.notices import Notice
from pneumoscope.statistics import (
    FEWEST_PATIENTS,
    BoolArray,
    FloatArray,
    IntArray,
    StrArray,
    calibration_measures,
)
from pneumoscope.task import LEAST_PROBABILITY, is_positive, positive_score
from pneumoscope.types import Calibration, SourceCalibration

if TYPE_CHECKING:
    from pneumoscope.training.network import Network

_SAME = 1e-6
_FLATTEST, _STEEPEST = 0.01, 100.0  # reciprocals of temperatures

Biases = tuple[float, ...]


@dataclass(frozen=True, eq=False)
class ValidationScores:
    """Labelled images with the probabilities of a network.

    Attributes:
        labels: class of each image, int64 of shape (n,).
        probabilities: probability of each class, float64 of shape (n, c).
        patients: key of the patient of each image, str of shape (n,).
        sources: name of the source of each image, empty where it is not known, str of shape (n,).
        weights: how much each image counts, float64 of shape (n,), 1 on average over a class.
    """

    labels: IntArray
    probabilities: FloatArray
    patients: StrArray
    sources: StrArray
    weights: FloatArray

    @classmethod
    def of_one_source(
        cls, labels: IntArray, probabilities: FloatArray, patients: StrArray
    ) -> ValidationScores:
        """Makes scores of images that all count alike."""
        n = len(labels)
        return cls(labels, probabilities, patients, np.full(n, ""), np.ones(n))

    @property
    def fewest_patients(self) -> int:
        """Number of patients of the class with the fewest."""
        classes = range(self.probabilities.shape[1])
        return min(len(np.unique(self.patients[self.labels == label])) for label in classes)

    @property
    def ranked(self) -> tuple[BoolArray, FloatArray]:
        """Whether each image is positive, bool, and its score, float64, both of shape (n,)."""
        return is_positive(self.labels), positive_score(self.probabilities)

    @property
    def hospitals(self) -> StrArray:
        """Hospital of each image, or its source where that shares none, str of shape (n,)."""
        return np.array([hospital_of(source) for source in self.sources.tolist()], np.str_)

    def pick(self, images: BoolArray) -> ValidationScores:
        """Picks images, True in an array of shape (n,)."""
        return ValidationScores(*(values[images] for values in self._columns()))

    @classmethod
    def pool(cls, parts: Sequence[ValidationScores]) -> ValidationScores:
        """Puts images together."""
        columns = zip(*(part._columns() for part in parts), strict=True)
        return cls(*map(np.concatenate, columns))

    def _columns(self) -> list[Any]:
        return [getattr(self, column.name) for column in fields(self)]


def fit_calibration(scores: ValidationScores) -> Calibration:
    """Fits a temperature, and a bias for each class but the first, to labelled scores.

    The logits are divided by the temperature (Guo et al. 2017, arXiv:1706.04599) and the biases
    added (bias-corrected temperature scaling: Alexandari et al. 2020, arXiv:1901.06852). With two
    classes this is Platt scaling of their difference. It minimises the mean cross-entropy to
    Platt's targets, which stand for one more image of each class: the probability of a class of N
    images is at most N + 1 in N + c, so that scores without a mistake do not become certain
    (Platt, in Advances in Large Margin Classifiers, 1999:61-74, for c = 2).

    Returns:
        The fit; temperature 1 and no bias, with a notice, where nothing can be fitted.
    """
    obstacle = _obstacle(scores)
    if not obstacle:
        slope, biases = _fit(_logits(scores.probabilities), scores.labels, scores.weights)
        if slope > _FLATTEST:
            return describe_calibration(scores, 1 / slope, biases)
        obstacle = "they rank the classes no better than chance"
    nothing = describe_calibration(scores, 1.0, (0.0,) * scores.probabilities.shape[1])
    return replace(
        nothing, fitted=False, after=nothing.before, notices=(tell_not_calibrated(obstacle),)
    )


def fit_by_source(
    scores: ValidationScores, known: Collection[str]
) -> tuple[SourceCalibration, ...]:
    """Fits a calibration to the images of each hospital, upon that of all.

    Hospitals differ in how many of their films show the disease, and a network that has learnt from
    several takes part of that into its scores: one threshold then fits none of them. So the classes
    count alike in each fit, and with two classes a score of one half is where both are equally
    probable, wherever the image comes from. Data sets of one hospital are fitted together, and
    count alike within each class (`known.hospital_of`). A hospital to which nothing can be fitted,
    and images of unknown origin, have the fit of all, classes alike. See
    `docs/adr/0044-a-calibration-for-each-hospital.md`.

    Args:
        scores: calibrated probabilities of the validation images.
        known: sources of the training images, empty where one is not known.

    Returns:
        Calibrations, of which one names each of the sources; none where the sources are of one
        hospital, or nothing can be fitted to any.
    """
    of_hospital: dict[str, list[str]] = {}
    for name in sorted({*known}):
        of_hospital.setdefault(hospital_of(name), []).append(name)
    if len(of_hospital) < 2:
        return ()
    fitted, others = [], []
    for hospital, together in of_hospital.items():
        picked = scores.pick(scores.hospitals == hospital)
        own = _fit_alike(together, picked) if hospital else None
        fitted += [own] if own else []
        others += [] if own else together
    if not fitted or not others:
        return tuple(fitted)
    classes = scores.probabilities.shape[1]
    nothing = SourceCalibration(tuple(others), 1.0, (0.0,) * classes, 0, 0)
    return (*fitted, _fit_alike(others, scores) or nothing)


def _fit_alike(sources: Sequence[str], scores: ValidationScores) -> SourceCalibration | None:
    """Fits a calibration in which the classes count alike; None where nothing can be fitted."""
    if _obstacle(scores):
        return None
    truth, classes = scores.labels, scores.probabilities.shape[1]
    of_class = np.bincount(truth, scores.weights, classes)
    weights = scores.weights * len(truth) / classes / of_class[truth]
    slope, biases = _fit(_logits(scores.probabilities), truth, weights)
    if slope <= _FLATTEST:
        return None
    patients = len(np.unique(scores.patients))
    return SourceCalibration(tuple(sources), 1 / slope, biases, len(truth), patients)


def even_prevalence(classes: int) -> float:
    """Returns the prevalence at which probabilities hold that were fitted with classes alike.

    Args:
        classes: number of classes; all but the first are positive.
    """
    return 1 - 1 / classes


def tell_not_calibrated(why: str) -> Notice:
    """Makes the notice that probabilities were not calibrated."""
    return Notice("not-calibrated", f"The probabilities were not calibrated: {why}", {"why": why})


def calibrated(probabilities: FloatArray, calibration: Calibration) -> FloatArray:
    """Applies a calibration to probabilities from before the fit, float64 (n, c)."""
    if not calibration.fitted:
        return probabilities
    return _tempered(probabilities, calibration.temperature, calibration.biases)


def fold_into(network: Network, calibration: Calibration) -> None:
    """Changes the last layer of a network so that it gives the fitted probabilities."""
    if not calibration.fitted:
        return
    layer = network.get_layer(PROBABILITIES)
    kernel, bias = layer.get_weights()
    t, biases = calibration.temperature, np.array(calibration.biases)
    layer.set_weights([kernel / t, (bias / t + biases).astype(bias.dtype)])


def in_words(calibration: Calibration) -> tuple[str, ...]:
    """Words the calibration and the notices, a line for each."""
    lines = [notice.text for notice in calibration.notices]
    if calibration.fitted:
        before, after = calibration.before["log_loss"], calibration.after["log_loss"]
        lines.append(
            f"Calibrated on {calibration.images} images of {calibration.patients} validation "
            f"patients: temperature {calibration.temperature:.3f}, log-loss {before:.4f} before "
            f"and {after:.4f} after"
        )
    lines += [
        f"For images nearest to {' or '.join(filter(None, each.sources)) or 'no known source'} "
        f"calibrated on {each.images} images of {each.patients} patients, classes alike: "
        f"temperature {each.temperature:.3f}"
        for each in calibration.by_source
    ]
    return tuple(lines)


def describe_calibration(
    scores: ValidationScores, temperature: float, biases: Biases
) -> Calibration:
    """Describes a calibration, with its measures on the images that it holds for.

    Args:
        scores: probabilities of the images before calibration.
        temperature: temperature of the logits.
        biases: bias of each class.
    """
    after = _tempered(scores.probabilities, temperature, biases)
    return Calibration(
        fitted=True,
        temperature=temperature,
        biases=biases,
        prevalence=float(np.mean(is_positive(scores.labels))),
        images=len(scores.labels),
        patients=len(np.unique(scores.patients)),
        before=_measures(scores, scores.probabilities),
        after=_measures(scores, after),
    )


def _tempered(probabilities: FloatArray, temperature: float, biases: Biases) -> FloatArray:
    fitted: FloatArray = softmax(_logits(probabilities) / temperature + np.array(biases), axis=1)
    return fitted


def _measures(scores: ValidationScores, probabilities: FloatArray) -> dict[str, float | None]:
    found = calibration_measures(
        is_positive(scores.labels), positive_score(probabilities), scores.weights[np.newaxis]
    )
    values = {name: float(value[0]) for name, value in found.items()}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}


def _logits(probabilities: FloatArray) -> FloatArray:
    logits: FloatArray = np.log(np.maximum(probabilities, LEAST_PROBABILITY))
    return logits


def _obstacle(scores: ValidationScores) -> str:
    """Returns the reason why nothing can be fitted; empty if it can."""
    if not np.isfinite(scores.probabilities).all():
        return "some are not finite"
    fewest = scores.fewest_patients
    if fewest < FEWEST_PATIENTS:
        return (
            f"it takes {FEWEST_PATIENTS} validation patients of each class, "
            f"and one class has {fewest}"
        )
    if np.ptp(_logits(scores.probabilities), axis=0).max() < _SAME:
        return "all images have the same"
    return ""


def _fit(logits: FloatArray, labels: IntArray, weights: FloatArray) -> tuple[float, Biases]:
    """Fits the reciprocal of the temperature, and the biases: a convex problem."""
    n, classes = logits.shape
    truth = np.eye(classes)[labels]
    size = truth.sum(axis=0)[labels][:, None]
    targets = (truth * size + 1) / (size + classes)
    counting = weights[:, np.newaxis]

    def loss(x: FloatArray) -> tuple[float, FloatArray]:
        log_p = log_softmax(x[0] * logits + np.append(0.0, x[1:]), axis=1)
        off = counting * (np.exp(log_p) - targets)
        gradient = np.append((off * logits).sum(), off.sum(axis=0)[1:]) / n
        return -float((counting * targets * log_p).sum()) / n, gradient

    start = np.append(1.0, np.zeros(classes - 1))
    bounds = [(_FLATTEST, _STEEPEST)] + [(None, None)] * (classes - 1)
    exact = {"ftol": 1e-14, "gtol": 1e-9}
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=exact).x
    return float(best[0]), (0.0, *map(float, best[1:]))
