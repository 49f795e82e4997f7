"""The command `pneumoscope drift`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import choose_model, leave, print_json, say, say_left_out
from pneumoscope.cli.options import AsJson, HashPaths, ModelOrDefault, OperatingPoint
from pneumoscope.cli.tables import print_tables
from pneumoscope.files import name_few


def drift(
    bundle: ModelOrDefault = None,
    data: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folders of counters of the service or the node, folders of images, or CSV files "
            "of predictions."
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
    pneumoscope drift predictions.csv --labels labels.csv

    No labels are needed. Images in a folder are predicted; `serve` and `node` with --drift DIR keep
    counters, which hold neither images nor names. The first sentence says whether there is an
    alarm. That is a result, not an error; the exit code is 1 only if files could not be read.

    With --labels it measures sensitivity, specificity and AUROC by month instead, and says whether
    the latest month differs from the first, or from validation, by more than chance.
    """
    model, paths = _split(bundle, data or [])
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
    found = measure(choose_model(model), paths, since=since and since.date(), stray=strays.append)
    _say_strays(strays)
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
    found = performance_over_time(
        model, data, labels=labels, operating_point=operating_point, stray=strays.append
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


def _split(first: str | None, rest: list[Path]) -> tuple[str | None, list[Path]]:
    """Splits the arguments into the model, if the first is one, and the data."""
    from pneumoscope.shipped import is_model

    if first and is_model(first):
        model, paths = first, rest
    else:
        model, paths = None, [*([Path(first)] if first else []), *rest]
    if not paths:
        raise typer.BadParameter("give counters, images or predictions", param_hint="DATA")
    return model, paths
