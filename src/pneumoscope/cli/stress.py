"""`pneumoscope stress`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pneumoscope.cli.console import print_json, progress_bar, say, say_notice
from pneumoscope.cli.tables import new_table

if TYPE_CHECKING:
    from pneumoscope.evaluation.stress import Stress


def stress(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="BUNDLE... DATA",
            help="Bundles, or the run folders that hold them; last the class folders, CSV "
            "manifest or prepared folder.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the figure and the tables, if wanted."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compare models on images changed as another hospital might.

    \b
    pneumoscope stress runs/first chest_xray
    pneumoscope stress runs/first runs/second chest_xray --output stress

    Zoomed, turned, darkened, blurred, covered, and without lungs: each change on its own, their
    mean and the worst, with 95 % intervals from a bootstrap of patients. Images and patients that
    any of the models has seen are left out.
    """
    from pneumoscope.evaluation.stress import stress as stress_bundles

    *bundles, data = paths
    if not bundles:
        raise typer.BadParameter("give one or more bundles, and then DATA", param_hint="BUNDLE")
    with progress_bar("predicting") as progress:
        found = stress_bundles(bundles, data, output, progress=progress)
    for notice in found.notices:
        say(notice)
    for reason in found.unreadable:
        say(f"Left out: {reason}")
    if found.seen:
        say(f"Left out: {found.seen} images of patients that a model was made with")
    if as_json:
        print_json(found.to_dict())
    else:
        _print_tables(found)
        if output is not None:
            print(f"figure and tables in {output}")
    say_notice()


def _print_tables(found: Stress) -> None:
    from rich.console import Console

    from pneumoscope.evaluation.stress import grids

    console = Console(highlight=False, markup=False)  # names of classes and models are not ours
    for grid in grids(found):
        table = new_table(grid.title, *grid.columns)
        for row in grid.rows:
            table.add_row(*row)
        # Rather lines that the terminal breaks than figures that are cut off.
        unlimited = console.options.update(max_width=1000)
        console.width = max(console.width, console.measure(table, options=unlimited).maximum)
        console.print(table)
    print(found.basis)
