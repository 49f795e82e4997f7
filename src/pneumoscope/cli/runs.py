"""The command `pneumoscope runs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import leave, print_json, say
from pneumoscope.cli.options import AsCsv, AsJson, require_one_format
from pneumoscope.cli.tables import print_table
from pneumoscope.defaults import RUNS


def runs(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of runs, or a run; by default runs.")
    ] = Path(RUNS),
    sort: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="Column to sort by: name, begun, arch, size, epochs, seed, val-loss, "
            "val-accuracy, auroc or state. Of a figure, the best comes first.",
        ),
    ] = "name",
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """List training runs with their settings, figures and state.

    \b
    pneumoscope runs
    pneumoscope runs runs/five-folds --sort auroc
    pneumoscope runs --csv > runs.csv

    A run is running, finished, interrupted (it has a model, and can be resumed), unfinished (it
    has no model yet) or damaged. AUROC is that of the latest evaluation of this very model that
    lies in the run folder or below evaluation/.
    """
    require_one_format(as_json, as_csv)
    from pneumoscope.run import list_runs, tabulate_facts, tabulate_runs

    found = list_runs(folder, sort=sort)
    problems = [run.problem for run in found if run.problem]
    for problem in problems:
        say(problem.text)
    if as_json:
        print_json([run.to_dict() for run in found])
    elif as_csv:
        print(tabulate_facts(found).to_csv(), end="")
    elif found:
        print_table(tabulate_runs(found, f"Runs in {folder}"), wrap=True)
    else:
        say(f"There is no run in {folder}")
    leave(len(problems))
