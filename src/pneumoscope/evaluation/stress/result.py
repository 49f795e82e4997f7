"""What a stress validation has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.evaluation.groups import GroupResult
from pneumoscope.evaluation.stress.conditions import Condition
from pneumoscope.notices import Notice
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
        cohort: the images, which none of the models has seen.
        made_of: digest of models and data.
        models: in the order in which they were given.
        conditions: how the images were shown, in the order of the tables.
        notices: what a person should know about the data set, and about what it cannot tell.
        severity: of the changes, 1 to 5.
        severities: by change what it does at severities 1 to 5, where curves were asked for.
    """

    cohort: Cohort
    made_of: str
    models: tuple[ModelStress, ...]
    conditions: tuple[Condition, ...]
    notices: tuple[Notice, ...]
    severity: int
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
        return f"{self.cohort.described}; {changes}; 95 % intervals: {self.cohort.resampling}"

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON types."""
        return {
            "data": str(self.cohort.data),
            "made_of": self.made_of,
            "images": self.cohort.count(),
            "patients": self.cohort.n_patients,
            "left_out": self.cohort.left_out(),
            "notices": [notice.to_dict() for notice in self.notices],
            "severity": self.severity,
            "interval": self.cohort.resampling.interval,
            "conditions": {
                condition.name: {"group": condition.group, "description": condition.description}
                for condition in self.conditions
            },
            "severities": dict(self.severities),
            "models": [asdict(model) for model in self.models],
        }
