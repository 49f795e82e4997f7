"""The result of a stress validation."""

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
"""Estimates of one condition, by measure."""

CURVE_MEASURES = (*MEASURES, "agreement", "map_correlation")
Curves = Mapping[str, tuple[Measures, ...]]
"""Estimates of `CURVE_MEASURES` at severities 1 to 5, by change, and of their "mean" last.

`agreement` is the fraction of images that keep the predicted class of the unchanged image;
`map_correlation` the mean over images of Spearman's correlation of the two activation maps.
"""


@dataclass(frozen=True)
class ModelStress:
    """The stress validation of one model.

    Attributes:
        label: name of the model, different from those of the others.
        version: version of Pneumoscope that made the model.
        threshold: threshold of its operating point.
        conditions: estimates by name of the condition: the images as they are first, then each
            change, last without lungs.
        mean: mean of the estimates over the changes.
        worst: lowest of the estimates over the changes.
        worst_at: name of the change at which a measure is lowest, by measure; a measure that
            cannot be computed has none.
        batches: measures of each export batch, unchanged, against the other side.
        curves: estimates of the changes at all of their severities; empty unless asked for.
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
        made_of: digest of the models and the data.
        models: result of each model, in the order in which they were given.
        conditions: the conditions, in the order of the tables.
        notices: notices about the data set, and about what could not be measured.
        severity: severity of the changes among the conditions, 1 to 5.
        severities: descriptions of each change at severities 1 to 5, where curves were asked for.
    """

    cohort: Cohort
    made_of: str
    models: tuple[ModelStress, ...]
    conditions: tuple[Condition, ...]
    notices: tuple[Notice, ...]
    severity: int
    severities: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def changes(self) -> int:
        """Number of changes among the conditions."""
        return sum(condition.group is not None for condition in self.conditions)

    @property
    def basis(self) -> str:
        """Images, severity and resamples that the figures are from, in one line."""
        return self._basis(f"changes of severity {self.severity} of 5")

    @property
    def basis_of_curves(self) -> str:
        """Images, severities and resamples that the curves are from, in one line."""
        return self._basis("changes of severities 1 to 5")

    def _basis(self, changes: str) -> str:
        return f"{self.cohort.described}; {changes}; 95 % intervals: {self.cohort.resampling}"

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain JSON types."""
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
