"""What a stress validation has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pneumoscope.evaluation.groups import GroupResult
from pneumoscope.evaluation.stress.conditions import Condition
from pneumoscope.statistics import Estimate

MEASURES = ("auroc", "sensitivity", "specificity", "balanced_accuracy")
Measures = Mapping[str, Estimate]
"""The estimates of one condition by `MEASURES`."""

CURVE_MEASURES = (*MEASURES, "agreement", "map_correlation")
Curves = Mapping[str, tuple[Measures, ...]]
"""By change, and "mean" over them last, the estimates by `CURVE_MEASURES` at severities 1 to 5.

`agreement` is the share of images that are called what they are called unchanged;
`map_correlation` the mean over images of Spearman's correlation of the two activation maps.
"""


@dataclass(frozen=True)
class ModelStress:
    """What became of one model.

    Attributes:
        label: tells it apart from the other models.
        version: of Pneumoscope, which made it.
        threshold: of its operating point.
        conditions: by name, the images as they are first, then each change, last without lungs.
        mean: over the changes.
        worst: the lowest over the changes.
        worst_at: by measure, the change at which it is lowest; a measure that cannot be computed
            has none.
        batches: of the images as they are, each against the other side.
        curves: of the changes at all of their severities; empty unless asked for.
    """

    label: str
    version: str
    threshold: float
    conditions: Mapping[str, Measures]
    mean: Measures
    worst: Measures
    worst_at: Mapping[str, str]
    batches: Mapping[str, GroupResult]
    curves: Curves = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, Measures]:
        """The conditions, then `mean` and `worst` of the changes."""
        return {**self.conditions, "mean": self.mean, "worst": self.worst}


@dataclass(frozen=True)
class Stress:
    """Models under the same conditions, on images that none of them has seen.

    Attributes:
        data: the folder or manifest of the images.
        made_of: digest of models and data.
        images: number of images of each class.
        patients: number of their patients.
        models: in the order in which they were given.
        conditions: how the images were shown, in the order of the tables.
        seen: number of images left out because a model was made with them or their patients.
        unreadable: why each file that could not be read was left out.
        notices: what a person should know about the data set, and about what it cannot tell.
        severity: of the changes, 1 to 5.
        severities: by change what it does at severities 1 to 5, where curves were asked for.
        resamples: of the bootstrap behind the intervals.
        seed: of the bootstrap.
    """

    data: Path
    made_of: str
    images: Mapping[str, int]
    patients: int
    models: tuple[ModelStress, ...]
    conditions: tuple[Condition, ...]
    seen: int
    unreadable: tuple[str, ...]
    notices: tuple[str, ...]
    severity: int
    resamples: int
    seed: int
    severities: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def basis(self) -> str:
        """What the figures rest on, in one line."""
        return self._basis(f"changes of severity {self.severity} of 5")

    @property
    def basis_of_curves(self) -> str:
        """The same of the curves."""
        return self._basis("changes of severities 1 to 5")

    def _basis(self, changes: str) -> str:
        images = ", ".join(f"{count:,} {name}" for name, count in self.images.items())
        return (
            f"{images} of {self.patients:,} patients; {changes}; "
            f"95 % intervals: {self.resamples} resamples of patients, seed {self.seed}"
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON types."""
        return {
            "data": str(self.data),
            "made_of": self.made_of,
            "images": dict(self.images),
            "patients": self.patients,
            "left_out": {"seen": self.seen, "unreadable": list(self.unreadable)},
            "notices": list(self.notices),
            "severity": self.severity,
            "interval": f"95 %, {self.resamples} resamples of patients, seed {self.seed}",
            "conditions": {
                condition.name: {"group": condition.group, "description": condition.description}
                for condition in self.conditions
            },
            "severities": dict(self.severities),
            "models": [asdict(model) for model in self.models],
        }
