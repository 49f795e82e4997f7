"""The result of an evaluation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pneumoscope.bundle import BundleInfo
from pneumoscope.evaluation.cohort import Measured
from pneumoscope.evaluation.coverage import Coverage
from pneumoscope.evaluation.groups import GroupResult
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.uncalibrated import Uncalibrated
from pneumoscope.monitor.drift import Drift
from pneumoscope.notices import Notice
from pneumoscope.types import OperatingPoint


@dataclass(frozen=True)
class Evaluation:
    """The performance of a model on unseen images.

    Attributes:
        model: description of the evaluated model.
        operating_point: operating point whose threshold gives the predicted classes.
        cohort: the data that it was evaluated on, and what was left out of it.
        made_of: digest of the model and the data.
        scored: the same images with their probabilities.
        overall: measures of the whole set.
        classes: measures of each class against the rest.
        subgroups: measures of each subgroup against its comparison group.
        uncalibrated: the probabilities before calibration, with their measures; None if the model
            was not calibrated.
        coverage: coverage of the model, whose refusals all other measures disregard; None if it
            can refuse nothing.
        drift: drift of the images and their scores from those of the training.
        notices: notices about the data set, and about what could not be measured.
    """

    model: BundleInfo
    operating_point: OperatingPoint
    cohort: Measured
    made_of: str
    scored: ScoredImages
    overall: GroupResult
    classes: dict[str, GroupResult]
    subgroups: dict[str, GroupResult]
    uncalibrated: Uncalibrated | None
    coverage: Coverage | None
    drift: Drift
    notices: tuple[Notice, ...]

    @property
    def basis(self) -> str:
        """Images and resamples that the figures are from, in one line."""
        return f"{self.scored.counts}; 95 % intervals: {self.cohort.resampling}"

    def to_dict(self) -> dict[str, Any]:
        """Returns the result without the single images, as plain JSON types."""
        return {
            "model": {"name": self.model.name, "version": self.model.version},
            "data": str(self.cohort.data),
            "made_of": self.made_of,
            "classes": list(self.model.classes),
            "operating_point": self.operating_point.name,
            "threshold": self.scored.threshold,
            "interval": self.cohort.resampling.interval,
            "left_out": self.cohort.left_out(),
            "notices": [notice.to_dict() for notice in self.notices],
            "overall": asdict(self.overall),
            "by_class": {name: asdict(result) for name, result in self.classes.items()},
            "by_subgroup": {name: asdict(result) for name, result in self.subgroups.items()},
            "before_calibration": {
                name: asdict(estimate) for name, estimate in self.uncalibrated.estimates.items()
            }
            if self.uncalibrated
            else None,
            "coverage": asdict(self.coverage) if self.coverage else None,
            "drift": self.drift.to_dict(),
        }
