"""What a comparison of models has found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pneumoscope.bundle import BundleInfo
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
        data: the folder of the images.
        made_of: digest of models and data.
        seen: number of images that were left out because a model was made with them, or with
            others of their patients.
        unreadable: why each file that could not be read was left out.
        notices: what a person should know about how the data set was understood.
        resamples: of the bootstrap behind the intervals.
        seed: of the bootstrap.
    """

    models: tuple[ComparedModel, ...]
    data: Path
    made_of: str
    seen: int
    unreadable: tuple[str, ...]
    notices: tuple[str, ...]
    resamples: int
    seed: int

    @property
    def first(self) -> ComparedModel:
        """What the others are held against."""
        return self.models[0]

    def to_dict(self) -> dict[str, Any]:
        """All of it but the single images, as plain JSON types."""
        return {
            "data": str(self.data),
            "made_of": self.made_of,
            "classes": list(self.first.info.classes),
            "images": self.first.overall.images,
            "patients": self.first.overall.patients,
            "interval": f"95 %, {self.resamples} resamples of patients, seed {self.seed}",
            "advice": ADVICE,
            "left_out": {"seen": self.seen, "unreadable": list(self.unreadable)},
            "notices": list(self.notices),
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
