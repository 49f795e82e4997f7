"""The result of a comparison of models."""

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
        name: name of the model, with a number where several have the same.
        bundle: folder that the model was read from.
        info: description of the model, from its bundle.
        scored: the images with its probabilities.
        overall: measures of the whole set.
        difference: difference to the first model; None for the first.
    """

    name: str
    bundle: Path
    info: BundleInfo
    scored: ScoredImages
    overall: GroupResult
    difference: Difference | None


@dataclass(frozen=True)
class Comparison:
    """The performance of models on the same images.

    Attributes:
        models: the models in the order given; the others are compared with the first.
        cohort: the images, which none of the models has seen.
        made_of: digest of the models and the data.
    """

    models: tuple[ComparedModel, ...]
    cohort: Cohort
    made_of: str

    @property
    def first(self) -> ComparedModel:
        """The first model, which the others are compared with."""
        return self.models[0]

    @property
    def basis(self) -> str:
        """Images and resamples that the figures are from, in one line."""
        return f"{self.first.scored.counts}; 95 % intervals: {self.cohort.resampling}"

    def to_dict(self) -> dict[str, Any]:
        """Returns the result without the single images, as plain JSON types."""
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
