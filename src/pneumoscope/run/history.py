"""The losses and metrics of each epoch of a run, in its `history.csv`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from pneumoscope.errors import DataError, storage_errors
from pneumoscope.files import write_text

MONITOR = "val_loss"
"""Name of the loss by which the best epoch is chosen: the lowest is best."""

History = dict[str, list[float]]
"""Losses and metrics by name, a value for each epoch."""

FILE = "history.csv"
_EPOCH = "epoch"


def find_best(history: History) -> int:
    """Finds the epoch, from 0, of the lowest validation loss; there must be one."""
    losses = history[MONITOR]
    return losses.index(min(losses))


def write_history(folder: Path, history: History) -> None:
    """Writes the history of a run into its folder, in one step.

    Raises:
        StorageError: if a file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_EPOCH, *history])
    for number, row in enumerate(zip(*history.values(), strict=True), start=1):
        writer.writerow([number, *row])
    write_text(folder / FILE, text.getvalue())


def read_history(folder: Path) -> History:
    """Reads the history of a run from its folder.

    Raises:
        DataError: if there is no history, or it is incomplete.
        StorageError: if the history may not be read.
    """
    path = folder / FILE
    with storage_errors("read", path):
        try:
            with path.open(encoding="utf-8", newline="") as file:
                names, *rows = csv.reader(file)
            values = zip(*rows, strict=True)
            history = {
                name: [float(v) for v in column] for name, column in zip(names, values, strict=True)
            }
            del history[_EPOCH]
        except (FileNotFoundError, ValueError, KeyError) as error:
            raise DataError(f"Cannot read {path}: {error}", remedy="Start a new run") from error
    return history
