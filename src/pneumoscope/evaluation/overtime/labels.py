"""Labels that come after the predictions: a CSV with path, label, and if known date and patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pneumoscope.dataset.manifest import class_name
from pneumoscope.dataset.rows import Row, read_rows
from pneumoscope.errors import DataError
from pneumoscope.names import public_name


@dataclass(frozen=True)
class LaterLabel:
    """The label of one image.

    Attributes:
        path: path of the image, as it is written there.
        class_name: name of the class, as it is written there.
        day: day of the image; None if none is given.
        patient: patient identifier, personal data; empty if none is given.
    """

    path: str
    class_name: str
    day: date | None
    patient: str


def read_labels(table: Path) -> list[LaterLabel]:
    """Reads labels, those of each path once.

    Args:
        table: the CSV file: columns as in a manifest, with the column `date` beside them.

    Raises:
        DataError: if it is not there, is no table with a path and a label in each line, contradicts
            itself, or has a date that is no day.
        StorageError: if it cannot be read.
    """
    if not table.is_file():
        raise DataError(
            f"There are no labels at {table}",
            expected="a CSV file with the columns path and label",
            received="a folder" if table.is_dir() else "nothing",
            remedy="Check the path",
            code="data-missing",
            values={"path": str(table)},
        )
    _, rows = read_rows(table)
    labels: dict[str, tuple[Row, LaterLabel]] = {}
    for row in rows:
        label = _read(row)
        first_row, first = labels.setdefault(label.path, (row, label))
        if first != label:
            raise DataError(
                f"{row.where} contradicts {first_row.where}",
                expected="one label, date and patient for each path",
                received=f"two for {public_name(label.path)}",
                remedy="Keep the line that is right",
            )
    return [label for _, label in labels.values()]


def _read(row: Row) -> LaterLabel:
    if not row.values["path"]:
        raise DataError(f"{row.where} has no path", remedy="Name the file, or delete the line")
    return LaterLabel(
        path=row.values["path"],
        class_name=class_name(row),
        day=_day(row),
        patient=row.values.get("patient", ""),
    )


def _day(row: Row) -> date | None:
    given = row.values.get("date", "")
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise DataError(
            f"{row.where} has a date that is none",
            expected="a day such as 2026-11-27, or nothing",
            received=repr(given),
            remedy="Write year, month and day, or leave the cell empty",
        ) from error
