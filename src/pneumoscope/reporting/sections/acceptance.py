"""The section on the goals that a site has set."""

from __future__ import annotations

from pneumoscope.reporting.acceptance import Acceptance
from pneumoscope.reporting.section import Section
from pneumoscope.reporting.tables import tabulate_acceptance


def acceptance(found: Acceptance) -> Section:
    """Makes the section of each goal beside what was measured."""
    content = {"found": found, "goals": tabulate_acceptance(found)}
    return Section("acceptance", "Acceptance test", content)
