"""Saved predictions: the CSV of `pneumoscope predict --csv`, or of the page of the service."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pneumoscope.bundle import REFUSED, SCORE
from pneumoscope.errors import DataError, storage_errors
from pneumoscope.inference.csv_lines import original_text
from pneumoscope.monitor.basis import Reference
from pneumoscope.monitor.observe import Observation, sort_in
from pneumoscope.types import Status

_COLUMNS = (
    *("path", "probability", "status", "reason_codes", "warning_codes"),
    *("prevalence", "error_code"),
)
UNDECIDED = "undecided"
"""Code of the reason for no label for want of certainty, and not by the gate."""


@dataclass(frozen=True)
class SavedPrediction:
    """The prediction of one image, as far as a CSV tells it.

    Attributes:
        path: path of the image, as it was predicted.
        status: status of the image.
        probability: probability of the positive side, in [0, 1]; None on error.
        prevalence: fraction of positive images for which the probability was restated; None if it
            is the model's own.
        reasons: codes of the reasons for refusal.
        warnings: codes of the warnings.
        error: code of the error; None if there is none.
    """

    path: str
    status: Status
    probability: float | None
    prevalence: float | None = None
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None


def read_saved(path: Path) -> Iterator[SavedPrediction]:
    """Reads saved predictions.

    Args:
        path: the CSV file.

    Raises:
        DataError: if it holds no predictions.
        StorageError: if it cannot be read.
    """
    with (
        storage_errors("read", path),
        path.open(encoding="utf-8", errors="replace", newline="") as file,
    ):
        reader = csv.DictReader(file)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise _unfit(path, f"no column {' and no column '.join(missing)}")
        for row in reader:
            try:
                yield _read(row)
            except (ValueError, AttributeError) as error:
                raise _unfit(path, f"line {reader.line_num}: {error}") from error


def observe_saved(saved: SavedPrediction, reference: Reference) -> Observation:
    """Sorts a saved prediction into bins: the score and the codes, and no fact of a picture.

    A probability that was restated for a prevalence is left out: the score is the model's own.

    Args:
        saved: the prediction.
        reference: distributions of the bundle of the model that made it.
    """
    values = {}
    if saved.probability is not None:
        values[REFUSED] = float(bool({*saved.reasons} - {UNDECIDED}))
        if saved.prevalence is None:
            values[SCORE] = saved.probability
    return sort_in(reference, values, saved.status, saved.reasons, saved.warnings, saved.error)


def _read(row: dict[str, str]) -> SavedPrediction:
    status = Status(row["status"])
    return SavedPrediction(
        path=original_text(row["path"]),
        status=status,
        probability=None if status is Status.ERROR else float(row["probability"]),
        prevalence=float(row["prevalence"]) if row["prevalence"] else None,
        reasons=tuple(row["reason_codes"].split()),
        warnings=tuple(row["warning_codes"].split()),
        error=row["error_code"] or None,
    )


def _unfit(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} holds no predictions: {why}",
        expected="the table that a prediction of images as CSV gives",
        remedy="Predict the images again, or give their folder",
        code="predictions-unfit",
        values={"path": str(path)},
    )
