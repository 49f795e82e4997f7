"""The performance of a model in service over time, and what it means."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pneumoscope.bundle import BundleInfo
from pneumoscope.evaluation.coverage import Coverage
from pneumoscope.evaluation.groups import GroupResult
from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.names import public_name
from pneumoscope.notices import Notice
from pneumoscope.statistics import Estimate, estimate_difference
from pneumoscope.types import OperatingPoint

COMPARED = ("sensitivity", "specificity")
VALIDATION, ALL, NO_DATE = "validation", "all", "no date"


@dataclass(frozen=True)
class Period:
    """The labelled images of a month.

    Attributes:
        name: the month, such as "2026-11"; "no date" for images without one, "all" if none has.
        refused: number of images that the model refuses; they count in all measures.
        result: counts, sensitivity, specificity and AUROC.
    """

    name: str
    refused: int
    result: GroupResult


@dataclass(frozen=True)
class Change:
    """A measure in the latest period against what it was before.

    Attributes:
        measure: name of the measure.
        before: the measure in the first period, or on validation.
        now: the measure in the latest period.
    """

    measure: str
    before: Estimate
    now: Estimate

    @property
    def difference(self) -> Estimate:
        """The measure now less before, with the interval that both intervals give."""
        return estimate_difference(self.before, self.now)

    def __str__(self) -> str:
        title, values = TITLES[self.measure], f"{self.now} against {self.before}"
        difference = self.difference
        if difference.low is None or difference.high is None:
            return f"{title} cannot be compared, {values}"
        if difference.high < 0:
            return f"{title} is lower by more than chance, {values}"
        if difference.low > 0:
            return f"{title} is higher by more than chance, {values}"
        return f"{title} differs by no more than chance may, {values}"


@dataclass(frozen=True)
class PerformanceOverTime:
    """The performance of a model in service, by month.

    Attributes:
        model: description of the model.
        operating_point: operating point whose threshold makes the labels.
        periods: the months, the first one first; images without a date last.
        latest: the latest month; the only period if no image has a date.
        since: name of what the latest month is compared with: the first month, or "validation";
            empty if there is neither.
        changes: sensitivity and specificity in the latest month against those.
        coverage: refusals of all images, and the accuracy on the others.
        basis: images and resamples that the figures are from, in one line.
        without_label: paths of images to which no label fits, or more than one.
        without_image: paths of labels to which no image fits, or more than one.
        unanswered: paths of labelled images that got no answer.
        seen: paths of labelled images that the model was made with, or others of their patients:
            they are left out.
        notices: notices about patients.
    """

    model: BundleInfo
    operating_point: OperatingPoint
    periods: tuple[Period, ...]
    latest: Period
    since: str
    changes: tuple[Change, ...]
    coverage: Coverage | None
    basis: str
    without_label: tuple[Path, ...]
    without_image: tuple[Path, ...]
    unanswered: tuple[Path, ...]
    seen: tuple[Path, ...]
    notices: tuple[Notice, ...]

    @property
    def sentence(self) -> str:
        """What it means, in one sentence."""
        if not self.changes:
            estimates = self.latest.result.estimates
            return self.operating_point.describe(*(estimates[name] for name in COMPARED))
        images = "All images" if self.latest.name == ALL else self.latest.name
        chosen = ", which is optimistic" if self.since == VALIDATION else ""
        return (
            f"{images} against {self.since}{chosen}, at the operating point "
            f"{self.operating_point.name}: {'; '.join(map(str, self.changes))}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain JSON types."""
        files = ("without_label", "without_image", "unanswered", "seen")
        return {
            "model": {"name": self.model.name, "version": self.model.version},
            "sentence": self.sentence,
            "operating_point": self.operating_point.name,
            "threshold": self.operating_point.threshold,
            "periods": [asdict(period) for period in self.periods],
            "latest": self.latest.name,
            "since": self.since,
            "changes": [
                {**asdict(change), "difference": asdict(change.difference)}
                for change in self.changes
            ],
            "coverage": self.coverage and asdict(self.coverage),
            "basis": self.basis,
            **{name: [public_name(path) for path in getattr(self, name)] for name in files},
            "notices": [notice.to_dict() for notice in self.notices],
        }
