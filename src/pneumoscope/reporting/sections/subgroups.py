"""The section on how the model performs on each subgroup."""

from __future__ import annotations

from pneumoscope.evaluation.tables import tabulate_groups
from pneumoscope.reporting.groups import widest_gap
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section
from pneumoscope.statistics import FEW_PATIENTS


def subgroups(material: Material) -> Section:
    """Makes the section of the measures of each subgroup, and of the two that differ most."""
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
