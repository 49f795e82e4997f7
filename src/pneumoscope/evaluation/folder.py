"""The folder that results are written to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pneumoscope.dataset import identify
from pneumoscope.inference import Predictor
from pneumoscope.results import digest, require_own


def made_of(predictors: Sequence[Predictor], data: Path) -> str:
    """Computes the digest of models, in order, and of the data that they are measured on."""
    return digest(*(predictor.bundle.sha256 for predictor in predictors), identify(data))


def require_own_folder(
    output: Path | str | None, file: str, predictors: Sequence[Predictor], data: Path
) -> None:
    """Refuses, before anything is measured, a folder with results of other models or other data.

    Args:
        output: the folder; None if nothing is to be written.
        file: name of the JSON file that the command writes.
        predictors: the models, in order.
        data: the data that they are measured on.

    Raises:
        SettingsError: if the folder holds the results of other models or other data.
    """
    if output is not None:
        require_own(Path(output) / file, made_of(predictors, data))
