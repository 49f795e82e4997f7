"""How far the subgroups of a set lie apart."""

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
        measure: in which.
        lowest: of it.
        lowest_name: whose that is.
        highest: of it.
        highest_name: whose that is.
    """

    measure: str
    lowest: Estimate
    lowest_name: str
    highest: Estimate
    highest_name: str

    @property
    def apart(self) -> bool:
        """Whether their intervals do not overlap."""
        ends = self.lowest.high, self.highest.low
        return ends[0] is not None and ends[1] is not None and ends[0] < ends[1]


def widest_gap(subgroups: Mapping[str, GroupResult]) -> Gap | None:
    """The two subgroups of a kind that differ most; of those whose intervals lie apart, if any do.

    A kind is what stands before the sign of equality, such as "sex" in "sex=F".

    Args:
        subgroups: measures by name.

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
