"""The command `pneumoscope drift`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pneumoscope.cli.console import (
    choose_model,
    leave,
    print_json,
    progress_bar,
    say,
    say_left_out,
    split_model,
)
from pneumoscope.cli.options import AsJson, HashPaths, ModelOrDefault, OperatingPoint
from pneumoscope.cli.tables import print_tables
from pneumoscope.files import name_few

if TYPE_CHECKING:
    from pneumoscope.errors import ImageError


def drift(
    bundle: ModelOrDefault = None,
    data: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders of counters of the service or the node, folders of images, folders that "
            "`pneumoscope score` wrote, or CSV files of predictions."
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="First day of the counters, such as 2026-11-27. By default all are taken.",
        ),
    ] = None,
    days: Annotated[
        bool, typer.Option("--days", help="List the days of the counters, too.")
    ] = False,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Labels that came later, for performance by month: columns path and label, and if "
            "known date and patient. By default none: drift is measured.",
        ),
    ] = None,
    operating_point: OperatingPoint = None,
    hash_paths: HashPaths = False,
    as_json: AsJson = False,
) -> None:
    """Tell whether the images in service differ from those of the training by more than chance.

    \b
    pneumoscope drift counters/
    pneumoscope drift runs/first radiographs/
    pneumoscope drift runs/first scored/
    pneumoscope drift predictions.csv --labels labels.csv

    No labels are needed. Images in a folder are predicted, unless `score` has done so; `serve` and
    `node` with --drift DIR keep counters, which hold neither images nor names. The first sentence
    says whether there is an alarm. That is a result, not an error; the exit code is 1 only if
    files could not be read.

    With --labels it measures sensitivity, specificity and AUROC by month instead, and says whether
    the latest month differs from the first, or from validation, by more than chance.
    """
    given = [word for word in (bundle, *(data or ())) if word is not None]
    model, words = split_model(given, "DATA", "counters, images or predictions")
    paths = [*map(Path, words)]
    if labels:
        if since or days:
            raise typer.BadParameter("--since and --days are for counters", param_hint="--labels")
        _tell_performance(choose_model(model), paths, labels, operating_point, as_json)
        return
    if operating_point:
        raise typer.BadParameter("give --labels, too", param_hint="--operating-point")
    from pneumoscope.monitor import drift as measure
    from pneumoscope.monitor.tables import tabulate_report
    from pneumoscope.types import Status

    strays: list[Path] = []
    unread: list[ImageError] = []
    with progress_bar("predicting") as progress:
        found = measure(
            choose_model(model),
            paths,
            since=since and since.date(),
            progress=progress,
            stray=strays.append,
            unread=unread.append,
        )
    _say_strays(strays)
    for error in unread:
        say(f"Left out: {error}")
    if as_json:
        print_json(found.to_dict())
    else:
        print_tables([found.sentence, *tabulate_report(found, by_day=days)], wrap=True)
    leave(found.counts.status[Status.ERROR])


def _tell_performance(
    model: Path, data: list[Path], labels: Path, operating_point: str | None, as_json: bool
) -> None:
    from pneumoscope.evaluation.overtime import performance_over_time, tabulate_performance

    strays: list[Path] = []
    with progress_bar("predicting") as progress:
        found = performance_over_time(
            model,
            data,
            labels=labels,
            operating_point=operating_point,
            progress=progress,
            stray=strays.append,
        )
    _say_strays(strays)
    say_left_out(found.notices, (), 0)
    if as_json:
        print_json(found.to_dict())
    else:
        print_tables([found.sentence, *tabulate_performance(found)], wrap=True)
    leave(len(found.unanswered))


def _say_strays(strays: list[Path]) -> None:
    if strays:
        say(f"{len(strays)} files that are no images were skipped: {name_few(strays)}")
