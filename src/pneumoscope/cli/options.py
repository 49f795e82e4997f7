"""The options and arguments that several commands share: each is declared once, here.

A command takes one as the annotation of its parameter. `Data[Path]` must be given, and
`Data[Path | None]` may be left out. Defaults are those of the library, from
`pneumoscope.defaults`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from pneumoscope.names import hashed_names

T = TypeVar("T")

DATA = "Class folders, a CSV manifest, or a prepared folder"
_MODEL = "A bundle, the run folder that holds it, or the name of a model that ships."

Data = Annotated[T, typer.Argument(help=f"{DATA}.")]
Model = Annotated[str, typer.Argument(help=_MODEL)]
ModelOrDefault = Annotated[
    str | None, typer.Argument(help=f"{_MODEL} Left out: the default model.")
]

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
ImageSize = Annotated[T, typer.Option(help="Pixels of each side.")]
OperatingPoint = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Threshold of the label; by default the bundle's first."),
]
Positive = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Class that counts as positive; the one that is not named is the reference. By "
        "default told by the names.",
    ),
]
Resamples = Annotated[int, typer.Option(help="Of the bootstrap.", min=100)]
Root = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of the images of a CSV manifest; by default that of the manifest.",
    ),
]
Seed = Annotated[int, typer.Option(help="Of everything that is random.", min=0)]
Strict = Annotated[
    bool, typer.Option("--strict", help="Make it an error if it is in doubt how the data is meant.")
]
TestShare = Annotated[
    float, typer.Option(help="Share held out for evaluation, if no test split was published.")
]
ValidationShare = Annotated[
    float, typer.Option(help="Share of the images, held out to choose epoch and threshold.")
]


def _hash_paths(context: typer.Context, wanted: bool) -> None:
    if wanted:
        context.with_resource(hashed_names())


HashPaths = Annotated[
    bool,
    typer.Option(
        "--hash-paths",
        callback=_hash_paths,
        help="Call files by keyed hashes: their names may hold a patient's.",
    ),
]
"""This one needs no more than to be declared."""


def declare_output(text: str) -> Any:
    """The option `--output`: what is written to it differs from command to command."""
    return typer.Option("--output", "-o", help=text)
