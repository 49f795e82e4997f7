"""`pneumoscope compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pneumoscope.cli.console import leave, name_results, print_json, progress_bar, say_left_out
from pneumoscope.cli.options import AsJson, Resamples, Seed, declare_output
from pneumoscope.cli.tables import new_console, new_table
from pneumoscope.defaults import RESAMPLES, SEED
from pneumoscope.files import printable

if TYPE_CHECKING:
    from rich.table import Table

    from pneumoscope.evaluation import ComparedModel, Comparison, Difference


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
    resamples: Resamples = RESAMPLES,
    seed: Seed = SEED,
    as_json: AsJson = False,
) -> None:
    """Compare models on images and patients that none of them has seen.

    \b
    pneumoscope compare runs/first runs/second chest_xray
    pneumoscope compare runs/first runs/second runs/third other_hospital --output compared

    Each model is held against the first: paired differences of all measures with 95 % intervals
    from a bootstrap of patients, DeLong's test of AUROC, and McNemar's exact test at the
    operating points. Both tests take images for independent: where patients have several images,
    trust the intervals.
    """
    if len(paths) < 3:
        raise typer.BadParameter(
            "give two bundles or more, and then the data", param_hint="BUNDLE BUNDLE... DATA"
        )
    from pneumoscope.evaluation import compare as compare_bundles

    output = output or Path("comparison") / name_results(paths[:-1], paths[-1])
    with progress_bar("predicting") as progress:
        found = compare_bundles(
            paths[:-1], paths[-1], output, resamples=resamples, seed=seed, progress=progress
        )
    say_left_out(found.cohort.notices, found.cohort.unreadable, found.cohort.seen)
    if as_json:
        print_json(found.to_dict())
    else:
        _print_tables(found)
        print(f"figure in {output / 'comparison.png'}")
    leave(len(found.cohort.unreadable))


def _print_tables(found: Comparison) -> None:

    console = new_console()
    for model in found.models[1:]:
        if model.difference is None:
            continue
        console.print(_overall_table(found.first, model, model.difference))
        if model.difference.subgroups:
            console.print(_subgroup_table(model.difference))
        for line in _tests(model.difference):
            console.print(line)
        for remark in model.difference.remarks:
            console.print(printable(remark.text))
        console.print()
    console.print(
        f"{found.first.scored.counts}; 95 % intervals: {found.cohort.resampling}; no p is "
        "adjusted for the number of comparisons"
    )


def _overall_table(first: ComparedModel, model: ComparedModel, difference: Difference) -> Table:
    from pneumoscope.evaluation.metrics import TITLES

    columns = ("measure", "first", "this", "difference (95 % interval)")
    rows = new_table(f"{model.name} less {first.name}", *columns)
    for name, estimate in difference.overall.estimates.items():
        values = (m.overall.estimates[name].value for m in (first, model))
        written = ("-" if value is None else f"{value:.3f}" for value in values)
        rows.add_row(TITLES[name], *written, str(estimate))
    return rows


def _subgroup_table(difference: Difference) -> Table:
    from rich.text import Text

    from pneumoscope.evaluation.metrics import TITLES

    rows = new_table(
        "Each subgroup against the other side",
        "subgroup",
        "images\n(patients)",
        "measure",
        "difference (95 % interval)",
    )
    for name, group in difference.subgroups.items():
        shown, counts = name, f"{group.images:,} ({group.patients:,})"
        for measure, estimate in group.estimates.items():
            rows.add_row(Text(printable(shown)), counts, TITLES[measure], str(estimate))
            shown = counts = ""
    return rows


def _tests(difference: Difference) -> tuple[str, str]:
    of_areas, of_calls = difference.delong, difference.mcnemar
    return (
        "DeLong, AUROC: not computable"
        if of_areas is None
        else f"DeLong, AUROC: {_p(of_areas.p)}, standard error {of_areas.standard_error:.4f}",
        "McNemar, right or wrong: not computable"
        if of_calls is None
        else f"McNemar, right or wrong: {_p(of_calls.p)}, right alone: the first on "
        f"{of_calls.only_first:,} images, this on {of_calls.only_second:,}",
    )


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
