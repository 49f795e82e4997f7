"""A verdict as a table."""

from __future__ import annotations

from pneumoscope.files import printable
from pneumoscope.reporting.verdict import Verdict
from pneumoscope.tables import Table


def tabulate_verdict(verdict: Verdict) -> Table:
    """Tabulates what was asked, what the answer is, and what was measured."""
    rows = tuple(
        (each.topic, each.level.words, printable(each.text)) for each in verdict.statements
    )
    return Table(verdict.headline, ("asked", "answer", "measured"), rows)
