"""What an evaluation has found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pneumoscope.bundle import BundleInfo
from pneumoscope.evaluation.coverage import Coverage
from pneumoscope.evaluation.drift import Drift
from pneumoscope.evaluation.groups import GroupResult
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.uncalibrated import Uncalibrated
from pneumoscope.types import OperatingPoint


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on data that it has not seen.

    Attributes:
        model: what was evaluated.
        operating_point: whose threshold made the calls.
        data: the folder that it was evaluated on.
        made_of: digest of model and data.
        scored: the images with their probabilities.
        overall: measures of the whole set.
        classes: measures of each class against the rest.
        subgroups: measures of each subgroup against its comparison group.
        uncalibrated: what it would be without calibration; None if it was not calibrated.
        coverage: what the model refuses, which all other measures leave aside; None if it can
            refuse nothing.
        drift: how far the images and their scores lie from those of the training.
        seen: number of images that were left out because the model was made with them, or with
            others of their patients.
        unreadable: why each file that could not be read was left out.
        notices: what a person should know about the data set, and about what it cannot tell.
        resamples: of the bootstrap behind the intervals.
        seed: of the bootstrap.
    """

    model: BundleInfo
    operating_point: OperatingPoint
    data: Path
    made_of: str
    scored: ScoredImages
    overall: GroupResult
    classes: dict[str, GroupResult]
    subgroups: dict[str, GroupResult]
    uncalibrated: Uncalibrated | None
    coverage: Coverage | None
    drift: Drift
    seen: int
    unreadable: tuple[str, ...]
    notices: tuple[str, ...]
    resamples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """All of it but the single images, as plain JSON types."""
        return {
            "model": {"name": self.model.name, "version": self.model.version},
            "data": str(self.data),
            "made_of": self.made_of,
            "classes": list(self.model.classes),
            "operating_point": self.operating_point.name,
            "threshold": self.scored.threshold,
            "interval": f"95 %, {self.resamples} resamples of patients, seed {self.seed}",
            "left_out": {"seen": self.seen, "unreadable": list(self.unreadable)},
            "notices": list(self.notices),
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
