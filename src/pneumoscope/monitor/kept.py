"""Predictions that were kept in a scored folder: observed without their images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pneumoscope.bundle import DISTANCE, REFUSED, SCORE
from pneumoscope.monitor.basis import Reference
from pneumoscope.monitor.observe import Observation, sort_in
from pneumoscope.monitor.predictions import UNDECIDED, SavedPrediction
from pneumoscope.scored.schema import FACTS
from pneumoscope.scored.shards import read_tables
from pneumoscope.types import Status

_OBSERVED = ("status", "reason_codes", "warning_codes", "error_code", SCORE, DISTANCE, *FACTS)
_SAVED = (
    *("path", "status", "probability", "prevalence"),
    *("reason_codes", "warning_codes", "error_code"),
)


def observe_kept(folder: Path, reference: Reference) -> Iterator[Observation]:
    """Observes the images of a scored folder, as if they had just been predicted.

    Args:
        folder: the scored folder.
        reference: distributions of the bundle of the model that made it.

    Raises:
        DataError, StorageError: if it cannot be read.
    """
    for row in _rows(folder, _OBSERVED):
        values = {name: row[name] for name in (SCORE, DISTANCE, *FACTS) if row[name] is not None}
        if row["status"] != Status.ERROR:
            values[REFUSED] = float(bool({*row["reason_codes"]} - {UNDECIDED}))
        yield sort_in(
            reference,
            values,
            Status(row["status"]),
            tuple(row["reason_codes"]),
            tuple(row["warning_codes"]),
            row["error_code"],
        )


def read_kept(folder: Path) -> Iterator[SavedPrediction]:
    """Reads the predictions of a scored folder.

    Raises:
        DataError, StorageError: if it cannot be read.
    """
    for row in _rows(folder, _SAVED):
        yield SavedPrediction(
            path=row["path"],
            status=Status(row["status"]),
            probability=row["probability"],
            prevalence=row["prevalence"],
            reasons=tuple(row["reason_codes"]),
            warnings=tuple(row["warning_codes"]),
            error=row["error_code"],
        )


def _rows(folder: Path, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for table in read_tables(folder, columns):
        yield from table.to_pylist()
