"""What a comparison of models has found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pneumoscope.bundle import BundleInfo
from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.evaluation.comparison.difference import Difference
from pneumoscope.evaluation.groups import GroupResult
from pneumoscope.evaluation.scores import ScoredImages

ADVICE = (
    "DeLong's and McNemar's tests take images for independent; with several images of a patient "
    "trust the intervals. No p is adjusted for the number of comparisons."
)


@dataclass(frozen=True)
class ComparedModel:
    """One model of a comparison.

    Attributes:
        name: its own, with a number where several have the same.
        bundle: the folder that it was read from.
        info: what it is.
        scored: what it said of the images.
        overall: its measures of the whole set.
        difference: it less the first model; None for the first.
    """

    name: str
    bundle: Path
    info: BundleInfo
    scored: ScoredImages
    overall: GroupResult
    difference: Difference | None


@dataclass(frozen=True)
class Comparison:
    """How models do on the same images.

    Attributes:
        models: in the order given; the first is what the others are held against.
        cohort: the images, which none of the models has seen.
        made_of: digest of models and data.
    """

    models: tuple[ComparedModel, ...]
    cohort: Cohort
    made_of: str

    @property
    def first(self) -> ComparedModel:
        """What the others are held against."""
        return self.models[0]

    def to_dict(self) -> dict[str, Any]:
        """All of it but the single images, as plain JSON types."""
        return {
            "data": str(self.cohort.data),
            "made_of": self.made_of,
            "classes": list(self.first.info.classes),
            "images": self.first.overall.images,
            "patients": self.first.overall.patients,
            "interval": self.cohort.resampling.interval,
            "advice": ADVICE,
            "left_out": self.cohort.left_out(),
            "notices": [notice.to_dict() for notice in self.cohort.notices],
            "models": [
                {
                    "name": model.name,
                    "version": model.info.version,
                    "bundle": str(model.bundle),
                    "threshold": model.scored.threshold,
                    "overall": asdict(model.overall),
                    "difference": None if model.difference is None else asdict(model.difference),
                }
                for model in self.models
            ],
        }
