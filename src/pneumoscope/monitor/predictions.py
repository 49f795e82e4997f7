"""Saved predictions: the CSV of `pneumoscope predict --csv`, as far as drift is measured on it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from pneumoscope.bundle import REFUSED, SCORE
from pneumoscope.errors import DataError, storage_errors
from pneumoscope.monitor.basis import Reference
from pneumoscope.monitor.observe import Observation, sort_in
from pneumoscope.types import Status

_COLUMNS = ("probability", "status", "reason_codes", "warning_codes", "prevalence", "error_code")
_UNDECIDED = "undecided"  # for want of certainty, and not by the gate


def read_predictions(path: Path, reference: Reference) -> Iterator[Observation]:
    """Reads saved predictions, which tell the score and the codes, and no fact of a picture.

    A probability that was restated for a prevalence is left out: the score is the model's own.

    Args:
        path: the CSV file.
        reference: distributions of the bundle of the model that made the predictions.

    Raises:
        DataError: if it holds no such predictions.
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
                yield _read(row, reference)
            except (ValueError, AttributeError) as error:
                raise _unfit(path, f"line {reader.line_num}: {error}") from error


def _read(row: dict[str, str], reference: Reference) -> Observation:
    status = Status(row["status"])
    reasons, warnings = row["reason_codes"].split(), row["warning_codes"].split()
    values = {}
    if status is not Status.ERROR:
        values[REFUSED] = float(bool({*reasons} - {_UNDECIDED}))
        if not row["prevalence"]:
            values[SCORE] = float(row["probability"])
    error = row["error_code"] or None
    return sort_in(reference, values, status, tuple(reasons), tuple(warnings), error)


def _unfit(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} holds no predictions: {why}",
        expected="the table that a prediction of images as CSV gives",
        remedy="Predict the images again, or give their folder",
        code="predictions-unfit",
        values={"path": str(path)},
    )
