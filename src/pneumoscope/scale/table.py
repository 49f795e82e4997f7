"""Lists of images: tables of CSV or Parquet with the columns of a manifest, read piece by piece.

    path,label,patient,subgroup,sex
    images/0001.dcm,NORMAL,P17,,F

Only `path` has to be there; `dataset.manifest` has what the columns mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from pneumoscope.dataset.columns import age_group, holds_ages
from pneumoscope.dataset.manifest import NO_LABEL, path_below
from pneumoscope.dataset.placeholder import says_nobody
from pneumoscope.errors import DataError, storage_errors
from pneumoscope.pseudonym import pseudonym
from pneumoscope.scale.source import Named, Source
from pneumoscope.scored.schema import GROUPS
from pneumoscope.scored.shards import reading

SUFFIXES = (".csv", ".parquet")
"""What the names of lists end with, in any case."""

_PATH, _LABEL, _PATIENT = "path", "label", "patient"


def open_table(table: Path, root: Path | None) -> Source:
    """Opens a list of images.

    Args:
        table: the file.
        root: folder that holds all images, and that relative paths start from; by default that of
            the list.

    Raises:
        DataError: if it has no column of paths, or a column twice; later, for a path that is empty
            or leads out of the folder.
        StorageError: if it cannot be read.
    """
    base = table.parent if root is None else root
    _check_columns(table, _columns(table))

    def images() -> Iterator[Named]:
        number = 1
        for values in _rows(table):
            number += 1
            yield _named(f"{table}, row {number}", base, values)

    return Source(table, base, images)


def _columns(table: Path) -> list[str]:
    """Reads the names of the columns, in lower case."""
    if table.suffix.casefold() == ".parquet":
        with reading(table), pq.ParquetFile(table) as file:
            schema = file.schema_arrow
        for column in schema:
            if _key(column.name) == _PATH and not _is_text(column.type):
                raise _no_paths(table, column.type)
        return [_key(name) for name in schema.names]
    with storage_errors("read", table), table.open("rb") as stream:
        line = stream.readline(100_000)
    return [_key(name) for name in _split(line)]


def _is_text(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(each(kind) for each in (*texts, pa.types.is_binary, pa.types.is_large_binary))


def _no_paths(table: Path, kind: Any) -> DataError:
    return DataError(
        f"The column path of {table} holds no paths",
        expected="text",
        received=f"{kind}",
        remedy="Write the paths of the images into it",
        code="list-columns",
        values={"path": str(table)},
    )


def _split(line: bytes) -> list[str]:
    text = line.decode("utf-8-sig", "surrogateescape")
    return max((text.split(mark) for mark in ",;\t"), key=len)


def _key(name: str) -> str:
    return name.strip().strip('"').strip().casefold()


def _check_columns(table: Path, columns: list[str]) -> None:
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if _PATH not in columns or twice:
        raise DataError(
            f"{table} has more than one column {twice[0]}"
            if twice
            else f"{table} has no column path",
            expected="columns path, and if they are known label, patient and subgroups",
            received=", ".join(columns)[:200],
            remedy="Name each column once, in the first line",
            code="list-columns",
            values={"path": str(table)},
        )


def _rows(table: Path) -> Iterator[Mapping[str, str]]:
    """Yields the values of each row that is not empty, by column."""
    columns = _columns(table)
    wanted = {_PATH, _LABEL, _PATIENT, *GROUPS}
    chosen = [number for number, name in enumerate(columns) if name in wanted]
    with reading(table):
        for batch in _batches(table, len(columns)):
            found = {columns[n]: map(_text, batch.column(n).to_pylist()) for n in chosen}
            for row in zip(*found.values(), strict=True):
                values = dict(zip(found, row, strict=True))
                if any(values.values()):
                    yield values


def _batches(table: Path, columns: int) -> Iterator[Any]:
    if table.suffix.casefold() == ".parquet":
        with pq.ParquetFile(table) as file:
            yield from file.iter_batches(batch_size=10_000)
        return
    with table.open("rb") as stream:
        line = stream.readline(100_000).decode("utf-8-sig", "surrogateescape")
    mark = max(",;\t", key=line.count)
    names = [str(number) for number in range(columns)]
    reader = pa.csv.open_csv(
        table,
        pa.csv.ReadOptions(column_names=names, skip_rows=1, use_threads=False),
        pa.csv.ParseOptions(delimiter=mark, newlines_in_values=True),
        # names of files may be in any encoding
        pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.binary())),
    )
    with reader:
        yield from reader


def _text(value: object) -> str:
    if value is None:
        return ""
    text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
    return text.strip()


def _named(where: str, base: Path, text: Mapping[str, str]) -> Named:
    label, patient = text.get(_LABEL, ""), text.get(_PATIENT, "")
    groups = tuple((name, _group(name, text[name])) for name in GROUPS if text.get(name))
    return Named(
        path_below(base, text[_PATH], where).relative_to(base),
        None if label.casefold() in NO_LABEL else label,
        None if says_nobody(patient) else pseudonym(patient),
        groups,
    )


def _group(name: str, value: str) -> str:
    return age_group(value) if holds_ages(name, [value]) else value
