"""A verdict as a table."""

from __future__ import annotations

from pneumoscope.files import printable
from pneumoscope.reporting.verdict import Verdict
from pneumoscope.tables import Table


def tabulate_verdict(verdict: Verdict) -> Table:
    """Tabulates the checks: the topic, the result, and what was measured."""
    rows = tuple(
        (each.topic, each.level.words, printable(each.text)) for each in verdict.statements
    )
    return Table(verdict.headline, ("check", "result", "measured"), rows)
