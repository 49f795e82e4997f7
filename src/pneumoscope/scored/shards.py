"""The shards of a scored folder: files of Parquet, each whole or absent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pneumoscope.errors import DataError, StorageError, extra_needed, storage_errors
from pneumoscope.files import sync
from pneumoscope.scored.schema import SCHEMA

with extra_needed("scale", "A scored folder"):
    import pyarrow as pa
    import pyarrow.parquet as pq

_NAME = re.compile(r"part-(\d{6,})\.parquet")


def shard_path(folder: Path, number: int) -> Path:
    """Returns the path of a shard, which may not be there yet; numbers begin with 0."""
    return folder / f"part-{number:06d}.parquet"


def list_shards(folder: Path) -> list[int]:
    """Lists the numbers of the shards that are there, in order.

    Raises:
        StorageError: if the folder cannot be read.
    """
    with storage_errors("read", folder):
        names = [path.name for path in folder.iterdir()]
    return sorted(int(found[1]) for name in names if (found := _NAME.fullmatch(name)))


def write_shard(folder: Path, number: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes a shard: it has its name as soon as it is on the disk.

    Only one process may write it at a time, so that what another left unfinished is overwritten.

    Args:
        folder: the scored folder.
        number: number of the shard.
        rows: values by the columns of the schema; what is left out is null.

    Raises:
        StorageError: if it cannot be written; then nothing is left.
    """
    path = shard_path(folder, number)
    temporary = path.with_name(f".{path.stem}.part")
    table = pa.Table.from_pylist([dict(row) for row in rows], SCHEMA)
    with storage_errors("write", path):
        try:
            pq.write_table(table, temporary, compression="zstd")
            sync(temporary)
            temporary.replace(path)
            sync(folder)
        finally:
            temporary.unlink(missing_ok=True)


def read_tables(folder: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Reads the shards that are there, one after another.

    Args:
        folder: the scored folder.
        columns: names of the columns to read; None for all.

    Yields:
        The table of each shard.

    Raises:
        DataError: if a shard is damaged.
        StorageError: if one cannot be read.
    """
    for number in list_shards(folder):
        path = shard_path(folder, number)
        with reading(path):
            yield pq.read_table(path, columns=None if columns is None else [*columns])


def read_table(folder: Path, columns: Sequence[str]) -> pa.Table:
    """Reads the shards that are there as one table.

    Args:
        folder: the scored folder.
        columns: names of the columns to read.

    Raises:
        DataError, StorageError: as `read_tables`.
    """
    empty = pa.schema([SCHEMA.field(name) for name in columns]).empty_table()
    return pa.concat_tables([empty, *read_tables(folder, columns)])


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what goes wrong in the block, which reads a file of Parquet, into errors that name it.

    Raises:
        DataError: if the file is damaged.
        StorageError: if it cannot be read.
    """
    try:
        with storage_errors("read", path):
            yield
    except (pa.ArrowException, StorageError) as error:
        if isinstance(error, StorageError) and getattr(error.__cause__, "errno", None):
            raise
        raise DataError(
            f"{path} is no whole table",
            received=f"{error}"[:200],
            remedy="Make the list again; a shard can be deleted, and is then scored again",
            code="table-damaged",
            values={"path": str(path)},
        ) from error
