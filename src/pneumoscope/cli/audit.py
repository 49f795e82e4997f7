"""`pneumoscope data audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pneumoscope.cli.console import leave, name_results, print_json, progress_bar, say, say_notice
from pneumoscope.cli.options import AsJson, Data, HashPaths, Positive, Root, Seed, declare_output
from pneumoscope.cli.tables import new_console, new_table
from pneumoscope.defaults import SEED
from pneumoscope.errors import DataError
from pneumoscope.files import printable
from pneumoscope.results import digest, require_own

if TYPE_CHECKING:
    from rich.table import Table

    from pneumoscope.dataset.audit import Audit

_WIDTH = 80  # also on a wide terminal: long lines are hard to read


def audit(
    data: Data[Path],
    output: Annotated[
        Path | None,
        declare_output("The page to write, with the pictures found; by default audit/DATA.html."),
    ] = None,
    seed: Seed = SEED,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 2 if a result would be invalid, or it is in doubt how the data is "
            "meant.",
        ),
    ] = False,
    positive: Positive = None,
    root: Root = None,
    hash_paths: HashPaths = False,
    as_json: AsJson = False,
) -> None:
    """Show the traps of a data set before training on it.

    \b
    pneumoscope data audit chest_xray
    pneumoscope data audit chest_xray --output chest_xray.html --strict --json

    Finds unreadable files, copies across splits and labels, patients in two splits, and how well
    facts such as the size of a file predict the label: the shortcut score.
    """
    from pneumoscope.dataset import ScanSettings, identify
    from pneumoscope.dataset.audit import audit as audit_images
    from pneumoscope.dataset.audit import write_page

    output = output or Path("audit", f"{name_results([], data)}.html")
    require_own(output, digest(identify(data)))
    with progress_bar("auditing") as progress:
        scanning = ScanSettings(tuple(positive or ()), root=root)
        found = audit_images(data, seed=seed, scanning=scanning, progress=progress)
    write_page(found, output)
    for notice in found.images.notices:
        say(notice.text)
    if as_json:
        print_json(found.to_dict())
    else:
        _print_tables(found)
        print(f"page with the pictures in {output}")
    if strict and not (found.valid and not found.images.doubts):
        say_notice()
        raise typer.Exit(DataError.exit_code)
    leave(len(found.unreadable))


def _print_tables(found: Audit) -> None:

    from pneumoscope.dataset.audit.table import TITLES

    console = new_console()
    console.width = min(console.width, _WIDTH)
    table = new_table("Findings", "severity", "what was found, and what to do", wrap=True)
    for finding in found.findings:
        advice = f"\n{finding.advice}." if finding.advice else ""
        table.add_row(str(finding.severity), printable(finding.text) + f".{advice}")
    console.print(table)
    console.print(_facts_table(found))
    if found.shortcut:
        ranking = new_table(
            f"Shortcut score: AUROC {found.shortcut.score}",
            "fact alone",
            "AUROC (95 % interval)",
            wrap=True,
        )
        for name, estimate in found.shortcut.by_fact.items():
            ranking.add_row(TITLES[name], str(estimate))
        console.print(ranking)


def _facts_table(found: Audit) -> Table:
    from pneumoscope.dataset.audit.table import QUANTITIES

    classes = found.images.classes
    columns = ("fact", *map(printable, classes))
    table = new_table("Medians of each class (90 % of its images)", *columns, wrap=True)
    for split, counts in found.counts().items():
        table.add_row(f"images, {split}", *(f"{counts[name]:,}" for name in classes))
    for quantity in QUANTITIES:
        by_class = found.table.spreads.get(quantity.name, {})
        cells = (
            f"{spread.median:,.4g} ({spread.low:,.4g} to {spread.high:,.4g})" if spread else "-"
            for spread in map(by_class.get, classes)
        )
        if by_class:
            table.add_row(quantity.heading, *cells)
    return table
