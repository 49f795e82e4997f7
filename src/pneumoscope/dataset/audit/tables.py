"""The tables of an audit."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.dataset.audit.columns import Column
from pneumoscope.dataset.audit.facts import Spread
from pneumoscope.dataset.audit.quantities import QUANTITIES, TITLES
from pneumoscope.dataset.audit.result import Audit
from pneumoscope.dataset.audit.shortcut import Shortcut
from pneumoscope.files import printable
from pneumoscope.tables import DASH, Table


def tabulate_audit(found: Audit) -> Iterator[Table]:
    """Yields the tables: findings, facts, how well they predict the label, sources and views."""
    yield tabulate_findings(found)
    yield tabulate_facts(found)
    if found.shortcut:
        yield tabulate_shortcut(found.shortcut)
    yield from tabulate_columns(found)


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


def tabulate_columns(found: Audit) -> Iterator[Table]:
    """Yields the tables of sources and views: what they hold, then what predicts what."""
    for name, column in found.columns.items():
        alone = f"; alone it predicts the label with AUROC {column.alone}" if column.alone else ""
        classes = tuple(map(printable, found.images.classes))
        rows = tuple(
            (
                printable(value),
                *(f"{group.images[of]:,} ({group.patients[of]:,})" for of in found.images.classes),
            )
            for value, group in column.groups.items()
        )
        yield Table(f"Images (patients) of each {name}{alone}", (name, *classes), rows)
        if any(group.told or group.within for group in column.groups.values()):
            yield _tabulate_scores(name, column)


def _tabulate_scores(name: str, column: Column) -> Table:
    rows = tuple(
        (printable(value), _score_cell(group.told), _score_cell(group.within))
        for value, group in column.groups.items()
    )
    columns = (name, f"of the {name} against the others", "of the label within it")
    return Table(f"Shortcut score of each {name}: AUROC, strongest fact", columns, rows)


def _score_cell(found: Shortcut | None) -> str:
    if found is None:
        return DASH
    strongest = next(iter(found.by_fact), None)
    return f"{found.score}, {TITLES[strongest]}" if strongest else str(found.score)


def _spread_cell(spread: Spread | None) -> str:
    if spread is None:
        return DASH
    return f"{spread.median:,.4g} ({spread.low:,.4g} to {spread.high:,.4g})"
