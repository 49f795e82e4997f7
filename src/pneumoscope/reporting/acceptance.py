"""The acceptance test of a site: measured against goals that were set before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from pneumoscope.errors import out_of_range
from pneumoscope.evaluation import Evaluation
from pneumoscope.statistics.acceptance import patients_to_show
from pneumoscope.task import is_positive
from pneumoscope.types import Estimate


class Outcome(StrEnum):
    """What an interval says of a goal."""

    SHOWN = "shown"
    """All of the interval reaches it."""
    OPEN = "open"
    """It lies within the interval."""
    MISSED = "missed"
    """All of the interval lies below it."""


@dataclass(frozen=True)
class Goals:
    """The least values that a site accepts; None where it asks for none.

    Attributes:
        sensitivity: least sensitivity, above 0 and below 1.
        specificity: least specificity, above 0 and below 1.

    Raises:
        SettingsError: on construction, if a value is out of range.
    """

    sensitivity: float | None = None
    specificity: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not 0 < value < 1:
                raise out_of_range(f"least_{name}", value, "a number above 0 and below 1")


@dataclass(frozen=True)
class Reached:
    """A measure beside its goal.

    Attributes:
        measure: "sensitivity" or "specificity".
        least: the goal.
        found: the measure with its 95 % interval.
        patients: number of patients that it was measured on.
        outcome: what the interval says of the goal.
        needed: number of patients that would show the goal, if the measure stays as it is and each
            patient has one image; None unless the outcome is open and the measure above its goal.
    """

    measure: str
    least: float
    found: Estimate
    patients: int
    outcome: Outcome
    needed: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the measure and its goal as plain JSON types."""
        return {**vars(self), "found": vars(self.found), "outcome": str(self.outcome)}


@dataclass(frozen=True)
class Acceptance:
    """The result of an acceptance test.

    Attributes:
        reached: each measure that has a goal.
        operating_point: name of the operating point that was measured.
        images: number of images.
        refused: number of these that the model refuses, which count in the measures; None if it
            can refuse nothing.
    """

    reached: tuple[Reached, ...]
    operating_point: str
    images: int
    refused: int | None

    @property
    def statement(self) -> str:
        """The result in a sentence."""
        by_outcome = {
            outcome: " and ".join(each.measure for each in self.reached if each.outcome is outcome)
            for outcome in Outcome
        }
        if missed := by_outcome[Outcome.MISSED]:
            return f"Not accepted: the goal of {missed} is missed."
        if still := by_outcome[Outcome.OPEN]:
            return f"Not shown: the interval of {still} holds values below the goal."
        return f"Accepted: the whole interval of {by_outcome[Outcome.SHOWN]} reaches the goal."

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain JSON types."""
        return {
            "statement": self.statement,
            "operating_point": self.operating_point,
            "images": self.images,
            "refused": self.refused,
            "reached": [each.to_dict() for each in self.reached],
        }


def judge_acceptance(found: Evaluation, goals: Goals) -> Acceptance | None:
    """Compares an evaluation with goals; returns None if there are none.

    A goal is reached if the whole 95 % interval reaches it, and not if the measure alone does.

    Args:
        found: evaluation on images of the site that the model has not seen.
        goals: least values that the site accepts.
    """
    positive = is_positive(found.scored.labels)
    sides = {"sensitivity": positive, "specificity": ~positive}
    reached = tuple(
        compare(name, least, found.overall.estimates[name], _count(found, sides[name]))
        for name, least in vars(goals).items()
        if least is not None
    )
    if not reached:
        return None
    coverage = found.coverage
    return Acceptance(
        reached,
        found.operating_point.name,
        len(positive),
        coverage.refused if coverage else None,
    )


def _count(found: Evaluation, side: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    return len(np.unique(found.scored.patients[side]))


def compare(name: str, least: float, found: Estimate, patients: int) -> Reached:
    """Compares the interval of a measure, on a number of patients, with its goal."""
    if found.low is not None and found.low >= least:
        return Reached(name, least, found, patients, Outcome.SHOWN)
    if found.high is not None and found.high < least:
        return Reached(name, least, found, patients, Outcome.MISSED)
    above = found.value is not None and found.value > least
    needed = patients_to_show(found.value, least) if above and found.value is not None else None
    return Reached(name, least, found, patients, Outcome.OPEN, needed)
