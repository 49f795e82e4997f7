"""`pneumoscope evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pneumoscope.cli.console import print_json, progress_bar, say, say_notice
from pneumoscope.cli.tables import new_table
from pneumoscope.files import printable

if TYPE_CHECKING:
    from rich.table import Table

    from pneumoscope.evaluation import Evaluation, GroupResult


def evaluate(
    bundle: Annotated[Path, typer.Argument(help="A bundle, or the run folder that holds it.")],
    data: Annotated[
        Path, typer.Argument(help="Class folders, a CSV manifest, or a prepared folder.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the figures; by default ./evaluation."),
    ] = None,
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.", min=100)] = 2000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure a model on the images and patients that it has not seen.

    \b
    pneumoscope evaluate runs/first chest_xray
    pneumoscope evaluate runs/first other_hospital --output evaluation/other --json

    Images that the model was trained or chosen on, and their patients, are left out. Every
    measure comes with a 95 % interval from a bootstrap of patients. Draws the confusion matrix,
    ROC, precision-recall, the scores, and sample predictions with heatmaps.
    """
    from pneumoscope.evaluation import evaluate as evaluate_bundle

    output = output or Path("evaluation")
    with progress_bar("predicting") as progress:
        found = evaluate_bundle(
            bundle, data, output, resamples=resamples, seed=seed, progress=progress
        )
    for notice in found.notices:
        say(notice)
    for reason in found.unreadable:
        say(f"Left out: {reason}")
    if found.seen:
        say(f"Left out: {found.seen} images of patients that the model was made with")
    if as_json:
        print_json(found.to_dict())
    else:
        _print_tables(found)
        print(f"figures in {output}")
    say_notice()


def _print_tables(found: Evaluation) -> None:
    from rich.console import Console

    console = Console()
    scored = found.scored
    overall = new_table(
        f"{found.model.name}: {scored.positive_name} from {scored.threshold:g} up",
        "measure",
        "value (95 % interval)",
    )
    for name, estimate in found.overall.estimates.items():
        overall.add_row(_words(name), str(estimate))
    console.print(overall)
    for kind, groups in (("class", found.classes), ("subgroup", found.subgroups)):
        if groups:
            console.print(_group_table(kind, groups))
    console.print(
        f"{scored.counts}; 95 % intervals: {found.resamples} resamples of patients, "
        f"seed {found.seed}",
        highlight=False,
    )


def _group_table(kind: str, groups: dict[str, GroupResult]) -> Table:
    from rich.text import Text

    columns = (kind, "images\n(patients)", "measure", "value (95 % interval)")
    table = new_table(f"Each {kind} against the other side", *columns)
    for name, group in groups.items():
        counts = f"{group.images:,} ({group.patients:,})"
        for measure, estimate in group.estimates.items():
            table.add_row(Text(printable(name)), counts, _words(measure), str(estimate))
            name = counts = ""
    return table


def _words(name: str) -> str:
    abbreviations = {"auroc": "AUROC", "ppv": "PPV", "npv": "NPV", "f1": "F1", "brier": "Brier"}
    return abbreviations.get(name, name.replace("_", " "))
