"""The command `pneumoscope evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import (
    choose_model,
    leave,
    name_results,
    print_json,
    progress_bar,
    say_left_out,
)
from pneumoscope.cli.options import (
    AsJson,
    DataOrScored,
    Figures,
    Full,
    HashPaths,
    Limit,
    ModelOrDefault,
    OperatingPoint,
    Resamples,
    Root,
    Seed,
    declare_output,
)
from pneumoscope.cli.tables import print_result
from pneumoscope.defaults import EVALUATIONS, FIGURES, RESAMPLES, SEED


def evaluate(
    bundle: ModelOrDefault = None,
    data: DataOrScored[Path | None] = None,
    output: Annotated[
        Path | None, declare_output("Folder for the figures; by default evaluation/MODEL-DATA.")
    ] = None,
    operating_point: OperatingPoint = None,
    root: Root = None,
    limit: Limit = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = SEED,
    figures: Figures = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="True labels of a scored folder: columns path and label, and if known patient. By "
            "default those that its images were scored with.",
        ),
    ] = None,
    hash_paths: HashPaths = False,
    full: Full = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on the images and patients that it has not seen.

    \b
    pneumoscope evaluate runs/first chest_xray
    pneumoscope evaluate other_hospital --output evaluation/other --json
    pneumoscope evaluate scored/ --labels labels.csv

    Images that the model was trained or chosen on, and their patients, are left out. Every
    measure comes with a 95 % interval from a bootstrap of patients. Drift of the images and their
    scores from those of the training is measured as well. Images that the model refuses count
    like all others; their number is given, and the accuracy on the rest. Draws the confusion
    matrix, ROC and precision-recall curves, score distributions, reliability diagram, decision
    curve, and sample predictions with heatmaps.

    Of a folder that `pneumoscope score` wrote, no image is read again: the figures are those of
    its images, and there are no sample predictions.
    """
    model, data = _split(bundle, data)
    from pneumoscope.evaluation import evaluate as evaluate_bundle
    from pneumoscope.evaluation import (
        state_evaluation,
        summarise_evaluation,
        tabulate_evaluation,
    )

    chosen = choose_model(model)
    output = output or Path(EVALUATIONS) / name_results([chosen], data)
    with progress_bar("predicting") as progress:
        found = evaluate_bundle(
            chosen,
            data,
            output,
            root=root,
            limit=limit,
            operating_point=operating_point,
            resamples=resamples,
            seed=seed,
            figures=figures or FIGURES,
            labels=labels,
            progress=progress,
        )
    say_left_out(found.notices, found.cohort.unreadable, found.cohort.seen)
    if as_json:
        print_json(found.to_dict())
    else:
        print_result(
            summarise_evaluation(found),
            [state_evaluation(found), *tabulate_evaluation(found)],
            full=full,
        )
        print(f"figures and tables in {output}")
    leave(len(found.cohort.unreadable))


def _split(first: str | None, second: Path | None) -> tuple[str | None, Path]:
    """Splits the arguments into the model, if two were given, and the data."""
    from pneumoscope.shipped import is_model

    if second is not None:
        return first, second
    if not first or is_model(first):
        raise typer.BadParameter("give the data to evaluate on", param_hint="DATA")
    return None, Path(first)
