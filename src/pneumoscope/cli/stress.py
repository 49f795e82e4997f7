"""`pneumoscope stress`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import leave, print_json, progress_bar, say_left_out
from pneumoscope.cli.options import AsJson, Resamples, declare_output
from pneumoscope.cli.tables import print_tables
from pneumoscope.defaults import RESAMPLES


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
        Path | None, declare_output("Folder for the figures and the tables, if wanted.")
    ] = None,
    severities: Annotated[
        bool,
        typer.Option(
            "--severities",
            help="Make each change at all five severities, and compare heatmaps: four times as "
            "many predictions.",
        ),
    ] = False,
    resamples: Resamples = RESAMPLES,
    as_json: AsJson = False,
) -> None:
    """Compare models on images changed as another hospital might.

    \b
    pneumoscope stress runs/first chest_xray
    pneumoscope stress runs/first runs/second chest_xray --output stress
    pneumoscope stress runs/first chest_xray --severities --output stress

    Zoomed, turned, darkened, blurred, covered, and without lungs: each change on its own, their
    mean and the worst, with 95 % intervals from a bootstrap of patients. Images and patients that
    any of the models has seen are left out.
    """
    from pneumoscope.evaluation.stress import stress as stress_bundles
    from pneumoscope.evaluation.stress import tabulate_stress

    *bundles, data = paths
    if not bundles:
        raise typer.BadParameter("give one or more bundles, and then DATA", param_hint="BUNDLE")
    with progress_bar("predicting") as progress:
        found = stress_bundles(
            bundles,
            data,
            output,
            severities=severities,
            resamples=resamples,
            progress=progress,
        )
    say_left_out(found.notices, found.cohort.unreadable, found.cohort.seen)
    if as_json:
        print_json(found.to_dict())
    else:
        print_tables(tabulate_stress(found))
        print(found.basis)
        if output is not None:
            print(f"figures and tables in {output}")
    leave(len(found.cohort.unreadable))
