"""The two subgroups of a set that differ most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from pneumoscope.evaluation import GroupResult
from pneumoscope.statistics import Estimate

_MEASURES = ("sensitivity", "specificity")


@dataclass(frozen=True)
class Gap:
    """Two subgroups that differ in a measure.

    Attributes:
        measure: name of the measure.
        lowest: the lower of the two estimates.
        lowest_name: name of the subgroup with the lower estimate.
        highest: the higher of the two estimates.
        highest_name: name of the subgroup with the higher estimate.
    """

    measure: str
    lowest: Estimate
    lowest_name: str
    highest: Estimate
    highest_name: str

    @property
    def known(self) -> bool:
        """True if both estimates have an interval."""
        return self.lowest.high is not None and self.highest.low is not None

    @property
    def apart(self) -> bool:
        """True if the two intervals do not overlap."""
        ends = self.lowest.high, self.highest.low
        return ends[0] is not None and ends[1] is not None and ends[0] < ends[1]


def widest_gap(subgroups: Mapping[str, GroupResult]) -> Gap | None:
    """Finds the two subgroups of a kind that differ most.

    Those whose intervals do not overlap come before all others. A kind is what stands before the
    sign of equality, such as "sex" in "sex=F".

    Args:
        subgroups: measures by name of the subgroup.

    Returns:
        The gap; None if no kind has two subgroups of which a measure can be computed.
    """
    gaps = []
    for one, other in combinations(subgroups, 2):
        if one.rpartition("=")[0] != other.rpartition("=")[0]:
            continue
        for measure in _MEASURES:
            estimates = {name: subgroups[name].estimates[measure] for name in (one, other)}
            values = {name: e.value for name, e in estimates.items() if e.value is not None}
            if len(values) == 2:
                low, high = sorted(values, key=lambda name: values[name])
                gap = Gap(measure, estimates[low], low, estimates[high], high)
                gaps.append((gap.apart, values[high] - values[low], gap))
    return max(gaps, key=lambda entry: entry[:2])[2] if gaps else None
