"""The command `pneumoscope predict`."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pneumoscope.cli.console import choose_model, leave, say, split_model
from pneumoscope.cli.options import (
    AsCsv,
    HashPaths,
    ModelOrDefault,
    OperatingPoint,
    PolicyFile,
    Threads,
    require_one_format,
)
from pneumoscope.cli.tables import WIDTH
from pneumoscope.files import name_few, printable

if TYPE_CHECKING:
    from pneumoscope.inference import Predictor
    from pneumoscope.types import Prediction, Status

_STDIN = "-"


def predict(
    bundle: ModelOrDefault = None,
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Images, folders of images, or - for standard input."),
    ] = None,
    heatmap: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for pictures: each image beside its heatmap, captioned. By default none.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Page of HTML to show all predictions on; by default none."
        ),
    ] = None,
    pdf: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PDF of all predictions, for print; by default none."),
    ] = None,
    operating_point: OperatingPoint = None,
    prevalence: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION",
            help="Prevalence of the disease where the model is used, 0 to 1, for which to restate "
            "probabilities. By default they are not restated.",
        ),
    ] = None,
    no_gate: Annotated[
        bool, typer.Option("--no-gate", help="Refuse nothing: give every image a label.")
    ] = False,
    policy: PolicyFile = None,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="For a trial: predict the first N files only. By default all."
        ),
    ] = None,
    threads: Threads = None,
    hash_paths: HashPaths = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each image.")
    ] = False,
    as_csv: AsCsv = False,
) -> None:
    """Predict images: label, probability of the positive class, and heatmaps.

    \b
    pneumoscope predict radiograph.jpeg
    pneumoscope predict runs/first radiographs/ --heatmap heatmaps --csv > out.csv
    pneumoscope predict radiographs/ --html predictions.html --pdf predictions.pdf
    pneumoscope predict radiographs/ --operating-point screening --prevalence 0.1
    cat radiograph.png | pneumoscope predict - --json

    A file that cannot be read is reported, and the others are still predicted; the exit code is
    then 1. An image that the model cannot judge is refused: it gets reasons in place of a label,
    and no heatmap. That is a result, not an error.
    """
    require_one_format(as_json, as_csv)
    given = [word for word in (bundle, *(files or ())) if word is not None]
    model, paths = split_model(given, "FILES", "at least one image")
    from pneumoscope.cli.reasons import Kinds
    from pneumoscope.inference import load, predict_files
    from pneumoscope.types import Status

    predictor = load(
        choose_model(model),
        threads=threads,
        operating_point=operating_point,
        prevalence=prevalence,
        gate=not no_gate,
        policy=policy,
    )
    if policy is not None:
        _say_policy(policy)
    strays: list[Path] = []
    opened = [sys.stdin.buffer if path == _STDIN else path for path in paths]
    predictions = predict_files(
        predictor, opened, heatmap, html=html, pdf=pdf, limit=limit, stray=strays.append
    )
    if model is None and len(paths) > 1 and _is_missing(paths[0]):
        predictions = _with_hint(predictions, predictor)
    reasons, warnings = Kinds("Refused"), Kinds("Warning (!) for")
    warned, drawn = 0, False
    write = _json_writer() if as_json else _csv_writer() if as_csv else _table_writer(predictor)
    counts = Counter[Status]()
    for prediction in predictions:
        write(prediction)
        reasons.add(prediction.path, prediction.reasons)
        warnings.add(prediction.path, prediction.warnings)
        warned += prediction.status is Status.ACCEPTED and bool(prediction.warnings)
        drawn |= prediction.heatmap is not None
        counts[prediction.status] += 1
    if strays:
        say(f"{len(strays)} files that are no images were skipped: {name_few(strays)}")
    for what, place in (("Heatmaps", heatmap if drawn else None), ("Page", html), ("PDF", pdf)):
        if place is not None:
            say(f"{what} in {place}")
    for line in chain(reasons.lines(counts.total()), warnings.lines(counts.total())):
        say(line)
    _say_summary(predictor, counts, warned, no_gate)
    if limit is not None:
        _say_left_out(paths, counts.total())
    if prevalence is not None:
        say(f"Probabilities are restated for a prevalence of {prevalence:g}; labels stay")
    leave(counts[Status.ERROR])


def _say_policy(path: Path) -> None:
    from pneumoscope.gate import read_policy

    usual = read_policy()
    changed = [
        f"{name} {action}" for name, action in read_policy(path).items() if action != usual[name]
    ]
    say(f"Policy {path}: {', '.join(changed) or 'the same as the default'}")


def _say_left_out(paths: Sequence[str], done: int) -> None:
    from pneumoscope.inference import list_images

    if left := sum(1 for _ in list_images(map(Path, paths))) - done:
        say(f"A trial on the first {done:,} files: {left:,} more are left out")


def _say_summary(predictor: Predictor, counts: Counter[Status], warned: int, no_gate: bool) -> None:
    from pneumoscope.types import Status

    done = counts.total()
    if no_gate:
        say("The gate is off (--no-gate): images that the model cannot judge get a label, too")
    elif not predictor.refuses:
        say(
            f"{predictor.info.name} has no gate statistics and can refuse nothing: train it again, "
            "on more images if these were few"
        )
    if counts[Status.REFUSED]:
        say(f"{counts[Status.REFUSED]} of {done} images were refused")
    if warned:
        say(f"{warned} of {done} images have a label with a warning")
    if counts[Status.ERROR]:
        say(f"{counts[Status.ERROR]} of {done} files could not be read")


def _is_missing(argument: str) -> bool:
    return argument != _STDIN and not os.path.lexists(argument)


def _with_hint(predictions: Iterator[Prediction], predictor: Predictor) -> Iterator[Prediction]:
    """Adds to the error of the first path, which does not exist, that it is no model either."""
    from pneumoscope.shipped import all_names

    first = next(predictions)
    hint = (
        f"It is no model either: there is no bundle, and the models that have a name are "
        f"{', '.join(all_names())}. {predictor.info.name} predicted the rest."
    )
    yield replace(first, error=first.error and f"{first.error} {hint}")
    yield from predictions


def _json_writer() -> Callable[[Prediction], None]:
    return lambda prediction: print(json.dumps(prediction.to_dict()), flush=True)


def _csv_writer() -> Callable[[Prediction], None]:
    from pneumoscope.inference.csv_lines import csv_head, csv_line

    print(csv_head(), end="")
    return lambda prediction: print(csv_line(prediction), end="")


def _table_writer(predictor: Predictor) -> Callable[[Prediction], None]:
    from pneumoscope.task import positive_name

    classes = [*map(printable, predictor.info.classes)]
    positive = printable(positive_name(predictor.info.classes))
    width = max(map(len, (*classes, "label", "refused")))
    # A mark behind the label says that there are warnings: these and reasons follow the table.
    print(f"{'label':<{width}}    p({positive})  file")

    def write(prediction: Prediction) -> None:
        column = len(f"p({positive})")
        path = printable(prediction.path)
        mark = "!" if prediction.warnings else " "
        label = printable(prediction.label or prediction.status)
        shown = "-" if prediction.label is None else f"{prediction.probability:.3f}"
        row = f"{label:<{width}} {mark}  {shown:>{column}}  {path}"
        print(_with_reason(row, prediction))
        if prediction.error:
            say(f"Left out: {prediction.error}")

    return write


def _with_reason(row: str, prediction: Prediction) -> str:
    """Adds the first reason of a refusal to its row, in a few words, where these fit."""
    from pneumoscope.gate import TITLES

    if not prediction.reasons:
        return row
    longer = f"{row}  ({TITLES[prediction.reasons[0].code]})"
    return longer if len(longer) <= WIDTH else row
