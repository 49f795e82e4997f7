"""Sources and views of a data set: what they hold, and what predicts what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pneumoscope.dataset.audit.examination import Examination
from pneumoscope.dataset.audit.shortcut import Shortcut, number_facts, number_words, predict
from pneumoscope.statistics import Estimate
from pneumoscope.task import is_positive
from pneumoscope.types import SOURCE

COLUMNS = (SOURCE, "view")
"""Columns of a manifest that an audit looks into."""


@dataclass(frozen=True)
class Group:
    """The readable images of one source or view.

    Attributes:
        images: number of images by class, zeros included.
        patients: number of patients by class, zeros included.
        told: how well facts discriminate this source from all others; None for views, and with
            too few patients.
        within: how well facts predict the label among these images; None for views, and with too
            few patients.
    """

    images: dict[str, int]
    patients: dict[str, int]
    told: Shortcut | None
    within: Shortcut | None

    @property
    def only_class(self) -> str:
        """Name of the class of all images; empty if there are several."""
        present = [name for name, count in self.images.items() if count]
        return present[0] if len(present) == 1 else ""


@dataclass(frozen=True)
class Column:
    """A column of a data set that divides it into several sources or views.

    Attributes:
        groups: images of each value of the column; those without a value are in none.
        alone: AUROC with which the column alone predicts the label; None with too few patients.
    """

    groups: dict[str, Group]
    alone: Estimate | None


def look_into_columns(
    images: Examination, classes: Sequence[str], *, seed: int = 0
) -> dict[str, Column]:
    """Counts the images of each source and view, and measures what predicts what.

    Args:
        images: images of the data set.
        classes: names of the classes.
        seed: seed of folds, models and bootstraps.

    Returns:
        The columns `source` and `view`, where the data set has more than one value of them.
    """
    words = {
        name: np.array([record.groups.get(name, "") for record in images.records])
        for name in COLUMNS
    }
    facts = number_facts(images)
    patients = number_words([record.patient for record in images.records])
    positive = is_positive(images.labels)
    found: dict[str, Column] = {}
    for name, of in words.items():
        known = of != ""
        values = [str(value) for value in np.unique(of[known])]
        if len(values) < 2:
            continue
        numbers = {name: np.unique(of, return_inverse=True)[1].astype(np.float64)}
        alone = predict(numbers, positive, patients, rows=known, seed=seed)
        groups = {}
        for value in values:
            own = of == value
            told = within = None
            if name == SOURCE:
                told = predict(facts, own, patients, rows=known, seed=seed)
                within = predict(facts, positive, patients, rows=own, seed=seed)
            pairs = list(zip(images.labels[own].tolist(), patients[own].tolist(), strict=True))
            groups[value] = Group(
                _count([label for label, _ in pairs], classes),
                _count([label for label, _ in set(pairs)], classes),
                told,
                within,
            )
        found[name] = Column(groups, alone.score if alone else None)
    return found


def _count(labels: Sequence[int], classes: Sequence[str]) -> dict[str, int]:
    counts = Counter(labels)
    return {name: counts[number] for number, name in enumerate(classes)}
