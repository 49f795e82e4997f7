"""The command `pneumoscope compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import leave, name_results, print_json, progress_bar, say_left_out
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


def compare(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="BUNDLE BUNDLE... DATA",
            help="Two or more bundles, or run folders that hold them, and last the data: class "
            "folders, a CSV manifest, or a prepared folder.",
        ),
    ],
    output: Annotated[
        Path | None,
        declare_output(
            "Folder for comparison.json and the figure; by default comparison/MODELS-DATA."
        ),
    ] = None,
    root: Root = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = SEED,
    figures: Figures = None,
    hash_paths: HashPaths = False,
    full: Full = False,
    as_json: AsJson = False,
) -> None:
    """Compare models on images and patients that none of them has seen.

    \b
    pneumoscope compare runs/first runs/second chest_xray
    pneumoscope compare runs/first runs/second other_hospital --output compared

    Each model is compared with the first: paired differences of all measures with 95 % intervals
    from a bootstrap of patients, DeLong's test of AUROC, and McNemar's exact test at the
    operating points. Both tests assume that images are independent: where patients have several
    images, trust the intervals.
    """
    if len(paths) < 3:
        raise typer.BadParameter(
            "give two bundles or more, and then the data", param_hint="BUNDLE BUNDLE... DATA"
        )
    from pneumoscope.evaluation import compare as compare_bundles
    from pneumoscope.evaluation.comparison import (
        state_comparison,
        summarise_comparison,
        tabulate_comparison,
    )

    output = output or Path("comparison") / name_results(paths[:-1], paths[-1])
    with progress_bar("predicting") as progress:
        found = compare_bundles(
            paths[:-1],
            paths[-1],
            output,
            root=root,
            resamples=resamples,
            seed=seed,
            figures=figures or FIGURES,
            progress=progress,
        )
    say_left_out(found.cohort.notices, found.cohort.unreadable, found.cohort.seen)
    if as_json:
        print_json(found.to_dict())
    else:
        print_result(
            summarise_comparison(found),
            [state_comparison(found), *tabulate_comparison(found)],
            full=full,
        )
        print(f"figure and tables in {output}")
    leave(len(found.cohort.unreadable))
