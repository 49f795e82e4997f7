"""The shortcut score: how well facts that should have nothing to do with the label predict it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from pneumoscope.dataset.audit.examination import Examination
from pneumoscope.dataset.audit.quantities import CATEGORIES, QUANTITIES
from pneumoscope.statistics import (
    FEW_PATIENTS,
    BoolArray,
    Estimate,
    FloatArray,
    IntArray,
    Resampling,
    auroc,
    cumulative,
)
from pneumoscope.task import is_positive

_FOLDS = 5
_ALL = "all facts together"
_MISSING = -1.0  # no fact is negative


@dataclass(frozen=True)
class Shortcut:
    """The shortcut score: how well facts alone discriminate one side from the other.

    Attributes:
        score: AUROC of all facts together; 0.5 is chance.
        by_fact: AUROC of each fact alone, the highest first. Facts that are the same in all
            images are not there.
    """

    score: Estimate
    by_fact: dict[str, Estimate]


def shortcut(images: Examination, *, seed: int = 0) -> Shortcut | None:
    """Measures how well facts alone predict the label.

    A small gradient-boosted model (at most 50 trees of 8 leaves) is trained on the facts of four
    fifths of the patients and scores the rest, in turn. The AUROC of these scores comes with an
    interval from a bootstrap of patients. The positive side is every class but the reference.

    Args:
        images: images of the data set.
        seed: seed of folds, model and bootstrap.

    Returns:
        The score, or None if a side has fewer than `FEW_PATIENTS` patients.
    """
    patients = number_words([record.patient for record in images.records])
    return predict(number_facts(images), is_positive(images.labels), patients, seed=seed)


def predict(
    facts: Mapping[str, FloatArray],
    truth: BoolArray,
    patients: IntArray,
    *,
    rows: BoolArray | None = None,
    seed: int = 0,
) -> Shortcut | None:
    """Measures how well facts alone predict what is true of images, as `shortcut` does.

    Args:
        facts: values of each fact, shape (n,).
        truth: what is to be predicted, shape (n,).
        patients: number of the patient of each image, shape (n,).
        rows: the images to measure on, shape (n,); all by default.
        seed: seed of folds, model and bootstrap.

    Returns:
        The score, or None if a side has fewer than `FEW_PATIENTS` patients.
    """
    if rows is not None:
        facts = {name: values[rows] for name, values in facts.items()}
        truth, patients = truth[rows], patients[rows]
    if min(len(np.unique(patients[truth])), len(np.unique(patients[~truth]))) < FEW_PATIENTS:
        return None
    divided = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    folds = list(divided.split(patients, truth, patients))
    scores = {
        name: _out_of_fold(values[:, None], truth, folds, seed)
        for name, values in facts.items()
        if len(np.unique(values)) > 1
    }
    together = _out_of_fold(np.column_stack(list(facts.values())), truth, folds, seed)

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        return {
            name: auroc(cumulative(truth, score, weights))
            for name, score in {_ALL: together, **scores}.items()
        }

    estimates = Resampling(seed=seed).estimate(measure, patients)
    score = estimates.pop(_ALL)
    return Shortcut(score, dict(sorted(estimates.items(), key=_value, reverse=True)))


def number_facts(images: Examination) -> dict[str, FloatArray]:
    """Turns each fact into numbers, shape (n,): words by their alphabetical order."""
    columns = {
        quantity.name: np.nan_to_num(images.numbers(quantity.name), nan=_MISSING)
        for quantity in QUANTITIES
    }
    for category in CATEGORIES:
        columns[category.name] = number_words(images.words(category.name)).astype(np.float64)
    return columns


def number_words(words: Sequence[str]) -> IntArray:
    """Numbers words by their alphabetical order, shape (n,)."""
    numbers = {word: number for number, word in enumerate(sorted(set(words)))}
    return np.array([numbers[word] for word in words], np.int64)


def _out_of_fold(
    facts: FloatArray, truth: BoolArray, folds: list[tuple[IntArray, IntArray]], seed: int
) -> FloatArray:
    """Scores each image by a model that has not seen its patient, shape (n,)."""
    model = HistGradientBoostingClassifier(
        max_iter=50, max_leaf_nodes=8, early_stopping=False, random_state=seed
    )
    # on a busy machine the threads of so small a model spend their time waiting for one another
    with threadpool_limits(1):
        probabilities: FloatArray = cross_val_predict(
            model, facts, truth, cv=folds, method="predict_proba"
        )
    return probabilities[:, 1]


def _value(entry: tuple[str, Estimate]) -> float:
    return entry[1].value or 0.0
