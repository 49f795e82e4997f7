"""`pneumoscope predict`."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pneumoscope.cli.console import say, say_notice
from pneumoscope.files import printable

if TYPE_CHECKING:
    from pneumoscope.inference import Predictor
    from pneumoscope.inference.predictor import Image
    from pneumoscope.types import Prediction

_STDIN = Path("-")


def predict(
    bundle: Annotated[Path, typer.Argument(help="A bundle, or the run folder that holds it.")],
    files: Annotated[
        list[Path], typer.Argument(help="Images, folders of images, or - for standard input.")
    ],
    heatmap: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write each image under its heatmap to this folder."),
    ] = None,
    operating_point: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Threshold of the label; by default the bundle's first."),
    ] = None,
    prevalence: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Restate probabilities for this share of positives."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each image.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Predict images: label, probability of the positive class, and heatmaps.

    \b
    pneumoscope predict runs/first radiograph.jpeg
    pneumoscope predict runs/first radiographs/ --heatmap heatmaps --csv > predictions.csv
    pneumoscope predict runs/first radiographs/ --operating-point screening --prevalence 0.1
    cat radiograph.png | pneumoscope predict runs/first - --json

    A file that cannot be read is reported and the rest goes on; the exit code is then 1.
    """
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other", param_hint="--csv")
    from pneumoscope.inference import load

    predictor = load(bundle, operating_point=operating_point, prevalence=prevalence)
    write = _json_writer() if as_json else _csv_writer() if as_csv else _table_writer(predictor)
    done = failed = 0
    for prediction in _predictions(predictor, _images(files), heatmap):
        write(prediction)
        done += 1
        failed += prediction.error is not None
    if prevalence is not None:
        say(f"Probabilities are restated for a prevalence of {prevalence:g}, labels are not")
    if failed:
        say(f"{failed} of {done} files could not be read")
    say_notice()
    if failed:
        raise typer.Exit(1)


def _images(files: list[Path]) -> Iterator[Image]:
    from pneumoscope.imaging import Source
    from pneumoscope.inference import list_images

    for file in files:
        if file == _STDIN:
            yield Source("-", sys.stdin.buffer.read())
        else:
            yield from list_images([file])


def _predictions(
    predictor: Predictor, images: Iterator[Image], heatmaps: Path | None
) -> Iterator[Prediction]:
    if heatmaps is None:
        return predictor.predict_many(images)
    from pneumoscope.inference.gallery import write_heatmaps

    return write_heatmaps(predictor, images, heatmaps)


def _json_writer() -> Callable[[Prediction], None]:
    return lambda prediction: print(json.dumps(prediction.to_dict()), flush=True)


def _csv_writer() -> Callable[[Prediction], None]:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ["path", "label", "probability", "status", "operating_point", "prevalence", "error"]
    )

    def write(prediction: Prediction) -> None:
        probability = "" if prediction.probability is None else f"{prediction.probability:.6f}"
        writer.writerow(
            [
                printable(prediction.path),
                prediction.label,
                probability,
                prediction.status,
                prediction.operating_point,
                prediction.prevalence,
                prediction.error and printable(prediction.error),
            ]
        )

    return write


def _table_writer(predictor: Predictor) -> Callable[[Prediction], None]:
    classes = predictor.info.classes
    positive = classes[1] if len(classes) == 2 else f"not {classes[0]}"
    width = max(map(len, (*classes, "label")))
    print(f"{'label':<{width}}  p({positive})  file")

    def write(prediction: Prediction) -> None:
        column = len(f"p({positive})")
        path = printable(prediction.path)
        if prediction.probability is None:
            print(f"{'error':<{width}}  {'-':>{column}}  {path}")
            say(f"Left out: {prediction.error}")
        else:
            probability = f"{prediction.probability:.3f}"
            print(f"{prediction.label:<{width}}  {probability:>{column}}  {path}")

    return write
