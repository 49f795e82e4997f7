"""The rows of a CSV table that names images, such as a manifest, and whose columns are named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pneumoscope.errors import DataError, storage_errors

MAX_BYTES = 256 * 2**20
ENCODING_REMEDY = "Save it as CSV in UTF-8"

_REQUIRED = ("path", "label")
_COLUMNS_REMEDY = (
    "Name the columns in the first line: path and label, and if they are known patient, split, "
    "subgroup and any others"
)


@dataclass(frozen=True)
class Row:
    """A line of the table: its place, for errors, and its stripped values by column."""

    where: str
    values: Mapping[str, str]


def read_rows(table: Path) -> tuple[list[str], list[Row]]:
    """Reads a CSV table with the columns path and label.

    Args:
        table: the CSV file.

    Returns:
        The names of its columns in lower case, and its rows, one at least.

    Raises:
        DataError: if it is no such table.
        StorageError: if it cannot be read.
    """
    return _parse(table, _read_text(table))


def _read_text(manifest: Path) -> str:
    with storage_errors("read", manifest):
        size = manifest.stat().st_size
        data = manifest.read_bytes() if size <= MAX_BYTES else b""
    if size > MAX_BYTES:
        raise DataError(
            f"{manifest} is too large for a manifest",
            expected=f"at most {MAX_BYTES} bytes",
            received=f"{size}",
            remedy="Give a folder, or divide the manifest",
        )
    # No text file has a zero byte, but every image has, and so has a table in UTF-16.
    if not data.strip() or b"\0" in data:
        raise DataError(
            f"{manifest} is no CSV manifest",
            expected="a table in UTF-8",
            received=f"bytes that begin with {data[:8]!r}" if data else "an empty file",
            remedy=f"{ENCODING_REMEDY}, or give a folder",
        )
    # The names of files may be in any encoding: they have to come through as they are.
    return data.decode("utf-8-sig", "surrogateescape")


def _parse(manifest: Path, text: str) -> tuple[list[str], list[Row]]:
    delimiter = max(",;\t", key=lambda mark: _rank(_header(text, mark)))
    reader = _reader(text, delimiter)
    try:
        next(reader)
        columns = _header(text, delimiter)
        _check_columns(manifest, columns)
        rows = list(_rows(manifest, columns, reader))
    except csv.Error as error:
        raise DataError(
            f"{manifest} is no table: {error}, near line {reader.line_num}",
            remedy="Check the quotation marks, and open it in a spreadsheet",
        ) from error
    if not rows:
        raise DataError(f"{manifest} lists no image", remedy="Add a line for each image")
    return columns, rows


class _Reader(Protocol):
    """The type of `csv.reader`, whose class has no public name."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


def _reader(text: str, delimiter: str) -> _Reader:
    # newline="": of all that Unicode calls a line's end, only \n and \r are one.
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)


def _header(text: str, delimiter: str) -> list[str]:
    try:
        names = next(_reader(text, delimiter))
    except csv.Error:  # not with this delimiter, then
        return []
    return [name.strip().casefold() for name in names]


def _rank(columns: list[str]) -> tuple[int, int]:
    return sum(name in columns for name in _REQUIRED), len(columns)


def _check_columns(manifest: Path, columns: list[str]) -> None:
    missing = [name for name in _REQUIRED if name not in columns]
    if missing:
        raise DataError(
            f"{manifest} has no column {' and no column '.join(missing)}",
            expected="a first line with path and label in it",
            received=", ".join(columns)[:200],
            remedy=_COLUMNS_REMEDY,
        )
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise DataError(
            f"{manifest} has more than one column {twice[0]}", remedy="Rename or delete one"
        )


def _rows(manifest: Path, columns: list[str], reader: Iterable[list[str]]) -> Iterator[Row]:
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{manifest}, row {number}"
        if len(cells) > len(columns):
            raise DataError(
                f"{where} has more cells than there are columns",
                expected=f"{len(columns)}",
                received=f"{len(cells)}",
                remedy="Put cells with the delimiter in them between quotation marks",
            )
        values = dict.fromkeys(columns, "")
        values.update(zip(columns, (cell.strip() for cell in cells), strict=False))
        yield Row(where, values)
