"""The command `pneumoscope stress`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import leave, print_json, progress_bar, say_left_out
from pneumoscope.cli.options import (
    AsJson,
    Figures,
    Full,
    HashPaths,
    Resamples,
    Root,
    Seed,
    declare_output,
)
from pneumoscope.cli.tables import print_result
from pneumoscope.defaults import FIGURES, RESAMPLES, SEED


def stress(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="BUNDLE... DATA",
            help="One or more bundles, or run folders that hold them, and last the data: class "
            "folders, a CSV manifest, or a prepared folder.",
        ),
    ],
    output: Annotated[
        Path | None, declare_output("Folder for figures and tables; by default none is written.")
    ] = None,
    severities: Annotated[
        bool,
        typer.Option(
            "--severities",
            help="Apply each corruption at all five severities, and compare class-activation "
            "maps: four times as many predictions.",
        ),
    ] = False,
    root: Root = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = SEED,
    figures: Figures = None,
    hash_paths: HashPaths = False,
    full: Full = False,
    as_json: AsJson = False,
) -> None:
    """Compare models on images changed as those of another hospital may be.

    \b
    pneumoscope stress runs/first chest_xray
    pneumoscope stress runs/first runs/second chest_xray --output stress
    pneumoscope stress runs/first chest_xray --severities --output stress

    Images are zoomed, rotated, darkened, blurred, covered, and shown without lungs. Gives the
    result under each corruption, their mean and the worst, with 95 % intervals from a bootstrap
    of patients. Images and patients that any of the models has seen are left out.
    """
    from pneumoscope.evaluation.stress import (
        state_stress,
        summarise_stress,
        tabulate_stress,
    )
    from pneumoscope.evaluation.stress import stress as stress_bundles

    *bundles, data = paths
    if not bundles:
        raise typer.BadParameter("give one or more bundles, and then DATA", param_hint="BUNDLE")
    with progress_bar("predicting") as progress:
        found = stress_bundles(
            bundles,
            data,
            output,
            severities=severities,
            root=root,
            resamples=resamples,
            seed=seed,
            figures=figures or FIGURES,
            progress=progress,
        )
    say_left_out(found.notices, found.cohort.unreadable, found.cohort.seen)
    if as_json:
        print_json(found.to_dict())
    else:
        print_result(
            summarise_stress(found),
            [state_stress(found), *tabulate_stress(found), found.basis],
            full=full,
        )
        if output is not None:
            print(f"figures and tables in {output}")
    leave(len(found.cohort.unreadable))
