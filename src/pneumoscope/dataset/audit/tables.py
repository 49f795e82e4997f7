"""The tables of an audit."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.dataset.audit.facts import Spread
from pneumoscope.dataset.audit.quantities import QUANTITIES, TITLES
from pneumoscope.dataset.audit.result import Audit
from pneumoscope.dataset.audit.shortcut import Shortcut
from pneumoscope.files import printable
from pneumoscope.tables import DASH, Table


def tabulate_audit(found: Audit) -> Iterator[Table]:
    """Yields the tables: findings, facts of each class, and how well facts predict the label."""
    yield tabulate_findings(found)
    yield tabulate_facts(found)
    if found.shortcut:
        yield tabulate_shortcut(found.shortcut)


def tabulate_findings(found: Audit) -> Table:
    """Tabulates the findings, the gravest first, with what to do about them."""
    rows = tuple(
        (
            str(finding.severity),
            f"{printable(finding.text)}." + (f"\n{finding.advice}." if finding.advice else ""),
        )
        for finding in found.findings
    )
    return Table("Findings", ("severity", "what was found, and what to do"), rows)


def tabulate_counts(found: Audit) -> Table:
    """Tabulates the number of files of each published split and class."""
    classes = found.images.classes
    rows = tuple(
        (split, *(f"{counts[name]:,}" for name in classes))
        for split, counts in found.counts().items()
    )
    return Table("Files of each split by class", ("split", *map(printable, classes)), rows)


def tabulate_facts(found: Audit) -> Table:
    """Tabulates the facts that are numbers by class, below the counts."""
    counts = tuple((f"images, {split}", *cells) for split, *cells in tabulate_counts(found).rows)
    medians = tuple(
        (quantity.heading, *(_spread_cell(spreads.get(name)) for name in found.images.classes))
        for quantity in QUANTITIES
        if (spreads := found.facts.spreads.get(quantity.name))
    )
    columns = ("fact", *map(printable, found.images.classes))
    return Table("Medians of each class (90 % of its images)", columns, counts + medians)


def tabulate_shortcut(found: Shortcut) -> Table:
    """Tabulates the AUROC of each fact alone; the title gives that of all together."""
    return Table(
        f"Shortcut score: AUROC {found.score}",
        ("fact alone", "AUROC (95 % interval)"),
        tuple((TITLES[name], str(estimate)) for name, estimate in found.by_fact.items()),
    )


def _spread_cell(spread: Spread | None) -> str:
    if spread is None:
        return DASH
    return f"{spread.median:,.4g} ({spread.low:,.4g} to {spread.high:,.4g})"
