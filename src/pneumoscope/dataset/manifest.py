"""CSV manifests: a table that names each image, its class, and what else is known of it.

    path,label,patient,split,subgroup,sex
    images/0001.dcm,NORMAL,P17,train,,F

Only `path` and `label` have to be there. Columns may be in any order, their names in any case,
between commas, semicolons or tabs.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from pneumoscope.dataset.columns import age_group, choose_columns, holds_ages
from pneumoscope.errors import DataError, storage_errors
from pneumoscope.names import public_name
from pneumoscope.notices import Notice
from pneumoscope.types import Split

MAX_BYTES = 256 * 2**20

_REQUIRED = ("path", "label")
_KNOWN = (*_REQUIRED, "patient", "split", "subgroup")
_NO_LABEL = {"", "?", "-", "na", "n/a", "nan", "none", "null", "unknown", "unlabeled", "unlabelled"}
_ENCODING_REMEDY = "Save it as CSV in UTF-8"
_COLUMNS_REMEDY = (
    "Name the columns in the first line: path and label, and if they are known patient, split, "
    "subgroup and any others"
)


@dataclass(frozen=True)
class Entry:
    """One file of a data set, as its folder or manifest describes it.

    Attributes:
        path: the file.
        class_name: name of the class, as it is written there.
        split: split that the data set puts the image into; None if none is given.
        patient: patient identifier, personal data until it is hashed; empty if none is given.
        subgroup: a finer kind within the class; empty if none is given.
        groups: values of the other columns that make subgroups, by column.
    """

    path: Path
    class_name: str
    split: Split | None = None
    patient: str = ""
    subgroup: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Row:
    """A line of the table: its place, for errors, and its stripped values by column."""

    where: str
    values: Mapping[str, str]


def read_manifest(manifest: Path, root: Path | None = None) -> tuple[list[Entry], list[Notice]]:
    """Reads a CSV manifest, without looking for the images themselves.

    Args:
        manifest: the CSV file.
        root: the folder that holds all images and that relative paths start from; by default
            that of the manifest.

    Returns:
        The files that it lists, each once, and notices of what was left out.

    Raises:
        DataError: if it is no table with a path and a label in each line, contradicts itself, or
            names a file outside of the folder.
        StorageError: if it cannot be read.
    """
    root = manifest.parent if root is None else root
    text = _read_text(manifest)
    columns, rows = _parse(manifest, text)
    rows, group_columns, notices = _group_columns(columns, rows)
    entries: dict[Path, tuple[_Row, Entry]] = {}
    repeated = 0
    for row in rows:
        entry = _entry(root, row, group_columns)
        first_row, first = entries.setdefault(entry.path, (row, entry))
        repeated += first_row is not row
        if first != entry:
            raise DataError(
                f"{row.where} contradicts {first_row.where}",
                expected="one class, patient and split for each file",
                received=f"two for {public_name(entry.path, repr(row.values['path']))}",
                remedy="Keep the line that is right",
            )
    if repeated:
        text = f"{repeated} lines of {manifest} repeat a file and are left out"
        notices.append(Notice("lines-repeated", text, {"lines": repeated}))
    return [entry for _, entry in entries.values()], notices


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
            remedy=f"{_ENCODING_REMEDY}, or give a folder",
        )
    # The names of files may be in any encoding: they have to come through as they are.
    return data.decode("utf-8-sig", "surrogateescape")


def _parse(manifest: Path, text: str) -> tuple[list[str], list[_Row]]:
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


def _rows(manifest: Path, columns: list[str], reader: Iterable[list[str]]) -> Iterator[_Row]:
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
        yield _Row(where, values)


def _group_columns(
    columns: list[str], rows: list[_Row]
) -> tuple[list[_Row], list[str], list[Notice]]:
    """Chooses the columns of subgroups, and puts groups in the place of ages."""
    values = {name: {row.values[name] for row in rows} - {""} for name in columns}
    others = [name for name in columns if name and name not in _KNOWN]
    chosen, notices = choose_columns(others, values)
    aged = [name for name in chosen if holds_ages(name, values[name])]
    grouped = [
        replace(
            row, values={**row.values, **{n: age_group(a) for n in aged if (a := row.values[n])}}
        )
        for row in rows
    ]
    return grouped, chosen, notices


def _entry(root: Path, row: _Row, group_columns: list[str]) -> Entry:
    groups = {name: _text(row, name) for name in group_columns}
    return Entry(
        path=_path(root, row),
        class_name=_class_name(row),
        split=_split(row),
        patient=row.values.get("patient", ""),
        subgroup=_text(row, "subgroup"),
        groups={name: value for name, value in groups.items() if value},
    )


def _path(root: Path, row: _Row) -> Path:
    given = row.values["path"]
    if not given:
        raise DataError(f"{row.where} has no path", remedy="Name the file, or delete the line")
    # By the words alone: a link inside of the folder may lead wherever its owner wants it to.
    within = os.path.join(os.path.abspath(root), "")
    path = os.path.normpath(os.path.join(within, given))
    if not path.startswith(within):
        raise DataError(
            f"{row.where} leads out of the folder of the images",
            expected=f"a path below {root}",
            received=public_name(given, repr(given)),
            remedy="Put the manifest into the folder that holds all images, or name that folder",
        )
    return root / path.removeprefix(within)


def _class_name(row: _Row) -> str:
    label = row.values["label"]
    if label.casefold() in _NO_LABEL:
        raise DataError(
            f"{row.where} has no label",
            expected="the name of a class",
            received=repr(label),
            remedy="Label the image, or delete the line",
        )
    # Folders of prepared images are named by it.
    if not label.isprintable() or set(label) & set('/\\:*?"<>|') or label.startswith("."):
        raise DataError(
            f"{row.where} has a label that cannot name a class",
            expected="letters and digits, such as NORMAL or PNEUMONIA",
            received=repr(label),
            remedy="Rename the class",
        )
    return label


def _split(row: _Row) -> Split | None:
    name = row.values.get("split", "").casefold()
    if not name:
        return None
    if name not in set(Split):
        raise DataError(
            f"{row.where} is of an unknown split",
            expected="train, val, test, or nothing",
            received=repr(row.values["split"]),
            remedy="Rename it, or leave the column out to have splits drawn",
        )
    return Split(name)


def _text(row: _Row, column: str) -> str:
    value = row.values.get(column, "")
    if not value.isprintable():
        raise DataError(
            f"{row.where} holds characters that are no text in column {column}",
            received=repr(value),
            remedy=_ENCODING_REMEDY,
        )
    return value
