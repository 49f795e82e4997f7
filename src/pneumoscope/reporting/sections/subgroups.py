"""Whether the model serves all alike."""

from __future__ import annotations

from pneumoscope.evaluation.tables import tabulate_groups
from pneumoscope.reporting.groups import widest_gap
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section
from pneumoscope.statistics import FEW_PATIENTS


def subgroups(material: Material) -> Section:
    """The measures of each subgroup, and which of them lie apart."""
    groups = material.evaluation.subgroups
    return Section(
        "subgroups",
        "Subgroups",
        {
            "measures": tabulate_groups("subgroup", groups) if groups else None,
            "gap": widest_gap(groups),
            "few": [name for name, group in groups.items() if group.patients < FEW_PATIENTS],
            "limit": FEW_PATIENTS,
        },
    )
