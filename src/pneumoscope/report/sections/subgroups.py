"""Whether the model serves all alike."""

from __future__ import annotations

from pneumoscope.report.groups import widest_gap
from pneumoscope.report.material import Material
from pneumoscope.report.section import Section
from pneumoscope.report.sections.discrimination import group_table
from pneumoscope.statistics import FEW_PATIENTS


def subgroups(material: Material) -> Section:
    """The measures of each subgroup, and which of them lie apart."""
    groups = material.evaluation.subgroups
    caption = "Each subgroup against the other side"
    return Section(
        "subgroups",
        "Subgroups",
        {
            "measures": group_table(caption, "subgroup", groups) if groups else None,
            "gap": widest_gap(groups),
            "few": [name for name, group in groups.items() if group.patients < FEW_PATIENTS],
            "limit": FEW_PATIENTS,
        },
    )
