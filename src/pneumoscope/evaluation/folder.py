"""The folder that results are written to, and what may stand there before."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pneumoscope.dataset import identify
from pneumoscope.errors import SettingsError
from pneumoscope.inference import Predictor
from pneumoscope.plots import FigureFormat
from pneumoscope.results import digest, occupied, require_own


@dataclass(frozen=True)
class ResultFiles:
    """Names of all files that a command may write, by which it knows its own former ones.

    Attributes:
        json: the result, which carries the digest for all of them.
        tables: the tables, without the extensions of Markdown and LaTeX.
        figures: the figures, without the extension of their format.
        csv: tables for programs.
    """

    json: str
    tables: str
    figures: Sequence[str]
    csv: Sequence[str] = ()

    def __iter__(self) -> Iterator[str]:
        yield self.json
        yield from (f"{self.tables}.{extension}" for extension in ("md", "tex"))
        yield from (f"{stem}.{each}" for stem in self.figures for each in FigureFormat)
        yield from self.csv


def made_of(predictors: Sequence[Predictor], data: Path) -> str:
    """Computes the digest of models, in order, and of the data that they are measured on."""
    return digest(*(predictor.bundle.sha256 for predictor in predictors), identify(data))


def require_own_folder(
    output: Path | str | None, files: ResultFiles, predictors: Sequence[Predictor], data: Path
) -> None:
    """Refuses, before anything is measured, a folder with files that are not to be replaced.

    Args:
        output: the folder; None if nothing is to be written.
        files: what the command writes.
        predictors: the models, in order.
        data: the data that they are measured on.

    Raises:
        SettingsError: if the folder holds the result of other models or other data, or a file of
            one of these names without a result.
    """
    if output is None:
        return
    output = Path(output)
    require_own(output / files.json, made_of(predictors, data))
    if not (output / files.json).is_file():
        for name in files:
            if os.path.lexists(output / name):
                raise occupied(output / name)


def refuse_options_of_images(folder: Path, **given: object) -> None:
    """Refuses options that choose among images, which those of a scored folder no longer are.

    Args:
        folder: the scored folder.
        given: the options by name; None where one is not given.

    Raises:
        SettingsError: if one is given.
    """
    for name, value in given.items():
        if value is not None:
            raise SettingsError(
                f"`{name}` has no effect on {folder}, whose images were scored before",
                remedy=f"Leave out `{name}`, or give the images",
            )
