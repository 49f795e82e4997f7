"""A verdict, and an acceptance test, as tables."""

from __future__ import annotations

from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.files import printable
from pneumoscope.reporting.acceptance import Acceptance, Outcome, Reached
from pneumoscope.reporting.verdict import Verdict
from pneumoscope.tables import Table


def tabulate_verdict(verdict: Verdict) -> Table:
    """Tabulates the checks: the topic, the result, and what was measured."""
    rows = tuple(
        (each.topic, each.level.words, printable(each.text)) for each in verdict.statements
    )
    return Table(verdict.headline, ("check", "result", "measured"), rows)


def tabulate_acceptance(found: Acceptance) -> Table:
    """Tabulates each goal: what was asked for, what was measured on how many, and the result."""
    rows = tuple(
        (
            TITLES[each.measure],
            f"{each.least:g}",
            str(each.found),
            f"{each.patients:,}",
            _outcome(each),
        )
        for each in found.reached
    )
    columns = ("", "at least", "measured (95 % interval)", "patients", "result")
    return Table(f"Goals, at the operating point {found.operating_point}", columns, rows)


def _outcome(each: Reached) -> str:
    if each.outcome is Outcome.OPEN:
        return f"not shown; {each.needed:,} patients might" if each.needed else "not shown"
    return str(each.outcome)
