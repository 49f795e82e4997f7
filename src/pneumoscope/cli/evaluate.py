"""`pneumoscope evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    Data,
    HashPaths,
    ModelOrDefault,
    OperatingPoint,
    Resamples,
    Root,
    Seed,
    declare_output,
)
from pneumoscope.cli.tables import new_console, new_table
from pneumoscope.defaults import RESAMPLES, SEED
from pneumoscope.files import printable

if TYPE_CHECKING:
    from rich.table import Table

    from pneumoscope.evaluation import Drift, Evaluation, GroupResult


def evaluate(
    bundle: ModelOrDefault = None,
    data: Data[Path | None] = None,
    output: Annotated[
        Path | None, declare_output("Folder for the figures; by default evaluation/MODEL-DATA.")
    ] = None,
    operating_point: OperatingPoint = None,
    root: Root = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = SEED,
    hash_paths: HashPaths = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on the images and patients that it has not seen.

    \b
    pneumoscope evaluate runs/first chest_xray
    pneumoscope evaluate other_hospital --output evaluation/other --json

    Images that the model was trained or chosen on, and their patients, are left out. Every
    measure comes with a 95 % interval from a bootstrap of patients. Says how far the images and
    their scores lie from those of the training. Images that the model refuses count like all
    others; how many they are is said, and the accuracy on the rest. Draws the confusion matrix,
    ROC, precision-recall, the scores, their reliability, the decision curve, and sample
    predictions with heatmaps.
    """
    model, data = _split(bundle, data)
    from pneumoscope.evaluation import evaluate as evaluate_bundle

    chosen = choose_model(model)
    output = output or Path("evaluation") / name_results([chosen], data)
    with progress_bar("predicting") as progress:
        found = evaluate_bundle(
            chosen,
            data,
            output,
            root=root,
            operating_point=operating_point,
            resamples=resamples,
            seed=seed,
            progress=progress,
        )
    say_left_out(found.notices, found.cohort.unreadable, found.cohort.seen)
    if as_json:
        print_json(found.to_dict())
    else:
        _print_tables(found)
        print(f"figures in {output}")
    leave(len(found.cohort.unreadable))


def _split(first: str | None, second: Path | None) -> tuple[str | None, Path]:
    """The model, if two arguments were given, and the data."""
    from pneumoscope.shipped import is_model

    if second is not None:
        return first, second
    if not first or is_model(first):
        raise typer.BadParameter("give the data to evaluate on", param_hint="DATA")
    return None, Path(first)


def _print_tables(found: Evaluation) -> None:

    from pneumoscope.evaluation.metrics import TITLES

    console = new_console()
    scored = found.scored
    overall = new_table(
        f"{found.model.name}: {scored.positive_name} from {scored.threshold:.4g} up "
        f"({found.operating_point.name})",
        "measure",
        "value (95 % interval)",
    )
    for name, estimate in found.overall.estimates.items():
        overall.add_row(TITLES[name], str(estimate))
    console.print(overall)
    for kind, groups in (("class", found.classes), ("subgroup", found.subgroups)):
        if groups:
            console.print(_group_table(kind, groups))
    if found.coverage:
        console.print(f"{found.coverage}\n", highlight=False)
    console.print(_drift_table(found.drift))
    console.print(
        f"{scored.counts}; 95 % intervals: {found.cohort.resampling}",
        highlight=False,
    )


def _group_table(kind: str, groups: dict[str, GroupResult]) -> Table:
    from rich.text import Text

    from pneumoscope.evaluation.metrics import TITLES

    columns = (kind, "images\n(patients)", "measure", "value (95 % interval)")
    rows = new_table(f"Each {kind} against the other side", *columns)
    for name, group in groups.items():
        counts = f"{group.images:,} ({group.patients:,})"
        for measure, estimate in group.estimates.items():
            rows.add_row(Text(printable(name)), counts, TITLES[measure], str(estimate))
            name = counts = ""
    return rows


def _drift_table(drift: Drift) -> Table | str:
    from pneumoscope.evaluation.drift import NOT_DIVIDED

    if drift.missing:
        return f"Distance from the training not computable: {drift.missing}\n"
    columns = ("quantity", "PSI", "by chance", "KS", "change")
    rows = new_table("Distance from the training images, and from the validation scores", *columns)
    for name, shift in drift.shifts.items():
        if shift is None:
            rows.add_row(name, "-", "-", "-", f"not computable: {NOT_DIVIDED}")
        else:
            numbers = (f"{number:.3f}" for number in (shift.psi, shift.chance, shift.ks))
            rows.add_row(name, *numbers, shift.reading)
    return rows
