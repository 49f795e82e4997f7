"""The options and arguments that several commands share: each is declared once, here.

A command takes one as the annotation of its parameter. `Data[Path]` must be given, and
`Data[Path | None]` may be left out. Defaults are those of the library, from
`pneumoscope.defaults`.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from pneumoscope.names import hashed_names
from pneumoscope.recipes import describe_default

T = TypeVar("T")

DATA = "Class folders, a CSV manifest, or a prepared folder"
SCORED = f"{DATA}; or a folder that `pneumoscope score` wrote"
MODEL = "A bundle, the run folder that holds it, or the name of a model."

Data = Annotated[T, typer.Argument(help=f"{DATA}.")]
DataOrScored = Annotated[T, typer.Argument(help=f"{SCORED}.")]
Model = Annotated[str, typer.Argument(help=MODEL)]
ModelOrDefault = Annotated[str | None, typer.Argument(help=f"{MODEL} Left out: the default model.")]

Host = Annotated[
    T,
    typer.Option(
        help="Address to listen on: 0.0.0.0 for all of this machine. By default 127.0.0.1, which "
        "only this machine reaches.",
        show_default=False,
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Full = Annotated[
    bool, typer.Option("--full", help="Print all tables, and not only the most important one.")
]
DriftFolder = Annotated[
    Path | None,
    typer.Option(
        "--drift",
        metavar="DIR",
        help="Folder for counters of images, which `pneumoscope drift` reads: no pixels, no names. "
        "By default they are kept in memory.",
    ),
]
IMAGE_SIZE = "Height and width of the images that the network reads, in pixels."
ImageSize = Annotated[int, typer.Option(help=IMAGE_SIZE)]
OperatingPoint = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Operating point whose threshold decides the label; by default the bundle's first.",
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="TOML file that maps rules on header and pixels to refuse, warn or ignore. By "
        "default the rules act as documented.",
    ),
]
Positive = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Class that counts as positive; repeat the option for each. The class that is not "
        "named is the reference class. By default class names decide.",
    ),
]
Resamples = Annotated[
    int, typer.Option(help="Number of bootstrap resamples behind each interval.", min=100)
]
Limit = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="For a trial: about how many images to take, of whole patients drawn at random by "
        "the seed. By default all.",
    ),
]
Root = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder that holds all images of a CSV manifest; by default that of the manifest.",
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of everything that is random.", min=0)]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Stop with an error if it is unclear how the data is meant."),
]
TestShare = Annotated[
    float,
    typer.Option(
        help="Fraction of the images, 0 to 1, held out for evaluation, if no test split was "
        "published."
    ),
]
ValidationShare = Annotated[
    float,
    typer.Option(
        help="Fraction of the images, 0 to 1, held out for calibration and to choose epoch and "
        "thresholds."
    ),
]


Threads = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="CPU threads; by default one for each core it may use."),
]


def _hash_paths(context: typer.Context, wanted: bool) -> None:
    if wanted:
        context.with_resource(hashed_names())


Figures = Annotated[
    list[str] | None,
    typer.Option(
        metavar="png|svg|pdf",
        help="File format of the figures; repeat the option for each. By default png.",
    ),
]


class Tracking(StrEnum):
    """Servers that a training can be tracked by."""

    MLFLOW = "mlflow"


Track = Annotated[
    Tracking | None,
    typer.Option(
        "--track",
        help="Send what this makes to the tracking server whose address is in MLFLOW_TRACKING_URI "
        "(extra track). By default nothing is sent.",
    ),
]
"""The option `--track`."""

HashPaths = Annotated[
    bool,
    typer.Option(
        "--hash-paths",
        callback=_hash_paths,
        help="Replace file names, which may hold a patient's name, by keyed hashes.",
    ),
]
"""The option `--hash-paths`, which works by itself: commands that declare it never read it."""


def require_one_format(as_json: bool, as_csv: bool) -> None:
    """Refuses `--json` and `--csv` together."""
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other", param_hint="--csv")


def declare_setting(name: str, text: str, metavar: str | None = None) -> Any:
    """Declares an option that the recipe of the architecture sets where it is left out.

    Args:
        name: the setting, a field of `Recipe`.
        text: its help.
        metavar: what stands for its value in the help; by default its type.
    """
    # In the help, as Typer sets a default that is a text in brackets.
    return typer.Option(metavar=metavar, help=f"{text}  [default: {describe_default(name)}]")


def declare_output(text: str) -> Any:
    """Declares the option `--output`, whose help differs from command to command."""
    return typer.Option("--output", "-o", help=text)
