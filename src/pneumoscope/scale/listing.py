"""The list of the images to score, frozen in `list.parquet`: one group of rows is one shard.

A list of a million images is held as columns of Arrow: about a hundred bytes an image.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pneumoscope.dataset.recognise import Names
from pneumoscope.errors import DataError
from pneumoscope.files import atomic_path
from pneumoscope.names import public_name
from pneumoscope.scale.copies import find_copies
from pneumoscope.scale.source import Named, Source
from pneumoscope.scored.schema import GROUPS
from pneumoscope.scored.shards import reading

LIST = "list.parquet"

SHARD = 500
"""Number of images in a shard: work of seconds, which is all that a death of a process costs.

A short list has smaller shards, at least `_LEAST`, so that there are some for each process.
"""

_LEAST, _SHARDS = 50, 64

_PIECE = 4_000
_WORD = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema(
    [
        ("file", pa.binary()),  # path from the base, or UIDs in an archive, as bytes
        ("named", pa.bool_()),  # True if the name of the file may tell its patient
        ("true_label", _WORD),
        ("patient", pa.string()),
        *((name, _WORD) for name in GROUPS),
    ]
)
_COPY = "copy"
_BASE, _SHOWN, _ARCHIVE = b"base", b"shown", b"archive"


def read_images(source: Source) -> tuple[Any, int]:
    """Lists the images of a source, each once.

    Returns:
        The images as a table, and the number of lines that named one of them again.

    Raises:
        DataError: if there is none, or a list contradicts itself.
        StorageError: if a folder or the list cannot be read.
    """
    names = Names()
    images = iter(source.images())
    pieces = []
    while piece := list(islice(images, _PIECE)):
        for each in piece:
            names.find(each.path)
        pieces.append(_columns(piece))
    if not pieces:
        raise DataError(
            f"There are no images in {source.name}",
            remedy="Search for other studies" if source.archive else "Check the path",
            code="data-empty",
            values={"path": str(source.name)},
        )
    table = pa.Table.from_batches(pieces, _SCHEMA).unify_dictionaries()
    once = _each_once(_believe(table, names), source.base)
    return once, len(table) - len(once)


def draw(table: Any, sample: int | None, seed: int) -> Any:
    """Draws so many images at random, and keeps their order; None to keep all of them."""
    if sample is None or sample >= len(table):
        return table
    rows = np.random.default_rng(seed).choice(len(table), sample, replace=False)
    return table.take(np.sort(rows))


def write_list(folder: Path, table: Any, source: Source) -> tuple[int, int]:
    """Freezes the list: copies of an image follow it, in its shard.

    Args:
        folder: the folder to be scored into.
        table: the images.
        source: where they are.

    Returns:
        The numbers of copies and of shards.

    Raises:
        StorageError: if it cannot be written.
    """
    files, base = table["file"], source.base

    def path(row: int) -> str:
        return os.path.join(base, os.fsdecode(files[row].as_py()))

    every = np.arange(len(table))
    original = every if source.archive else find_copies(path, len(table))
    order = np.lexsort((every, original))
    copies = original[order] != order
    bounds = _divide(copies)
    schema = table.schema.append(pa.field(_COPY, pa.bool_()))
    places = {_BASE: os.path.abspath(base), _SHOWN: str(base)}  # work may go on elsewhere
    places = {_ARCHIVE: source.archive} if source.archive else places
    schema = schema.with_metadata({name: os.fsencode(place) for name, place in places.items()})
    with (
        atomic_path(folder / LIST) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        for start, end in pairwise(bounds):  # and never a second table beside this one
            shard = table.take(order[start:end])
            writer.write_table(shard.append_column(_COPY, pa.array(copies[start:end])))
    return int(copies.sum()), len(bounds) - 1


class FrozenList:
    """A list that was frozen.

    Args:
        folder: the folder that is scored into.

    Raises:
        DataError: if it is damaged.
        StorageError: if it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LIST
        with reading(self._path):
            self._file = pq.ParquetFile(self._path)

    @property
    def archive(self) -> str:
        """Address of the service that has the images; empty if they are files."""
        return os.fsdecode(self._file.schema_arrow.metadata.get(_ARCHIVE, b""))

    @property
    def base(self) -> Path:
        """Folder that paths start from, from the root of the disk."""
        return self._place(_BASE)

    @property
    def shown(self) -> Path:
        """The same folder as it was named."""
        return self._place(_SHOWN)

    def _place(self, name: bytes) -> Path:
        return Path(os.fsdecode(self._file.schema_arrow.metadata[name]))

    def sizes(self) -> list[int]:
        """Returns the number of images of each shard."""
        groups = self._file.metadata
        return [groups.row_group(number).num_rows for number in range(groups.num_row_groups)]

    def shard(self, number: int) -> list[dict[str, Any]]:
        """Reads the images of a shard: values by column.

        Raises:
            DataError, StorageError: if the file is damaged, or cannot be read.
        """
        with reading(self._path):
            rows: list[dict[str, Any]] = self._file.read_row_group(number).to_pylist()
        return rows

    def count_new(self, source: Source) -> int:
        """Counts the images of a source that are not in this list."""
        now = np.fromiter((hash(os.fsencode(each.path)) for each in source.images()), np.int64)
        with reading(self._path):
            pieces = self._file.iter_batches(_PIECE, columns=["file"])
            files = (file for piece in pieces for file in piece.column(0).to_pylist())
            mine = _digests(files, self._file.metadata.num_rows)
        return int((~np.isin(now, mine)).sum())


def _columns(piece: list[Named]) -> Any:
    groups = [dict(each.groups) for each in piece]
    columns = {
        "file": [os.fsencode(each.path) for each in piece],
        "named": [True] * len(piece),
        "true_label": [each.true_label for each in piece],
        "patient": [each.patient for each in piece],
        **{name: [values.get(name) for values in groups] for name in GROUPS},
    }
    return pa.record_batch([pa.array(columns[each.name], each.type) for each in _SCHEMA], _SCHEMA)


def _believe(table: Any, names: Names) -> Any:
    """Tells the files whose names tell their patients from those whose names do not."""
    if names.any:
        for file in _paths(table["file"]):
            names.count(file)
    read = (names.any and names.read(file) is not None for file in _paths(table["file"]))
    named = np.fromiter(read, bool, len(table))
    return table.set_column(1, "named", pa.array(named))


def _each_once(table: Any, base: Path) -> Any:
    if len(np.unique(_digests(_each(table["file"]), len(table)))) == len(table):
        return table
    table = table.group_by(table.column_names, use_threads=False).aggregate([])
    counted = table["file"].value_counts().to_pylist()
    for found in counted:
        if found["counts"] > 1:
            file = Path(os.fsdecode(found["values"]))
            raise DataError(
                "The list names a file twice, and contradicts itself",
                expected="one class, patient and subgroup for each file",
                received=f"two for {public_name(base / file)}",
                remedy="Keep the line that is right",
                code="list-contradicts",
            )
    return table


def _divide(copies: Any) -> list[int]:
    """Divides the list into shards, none of which begins with a copy."""
    size = min(SHARD, max(_LEAST, len(copies) // _SHARDS))
    bounds = [0]
    for row in np.flatnonzero(~copies).tolist():
        if row - bounds[-1] >= size:
            bounds.append(row)
    return [*bounds, len(copies)]


def _each(column: Any) -> Iterator[Any]:
    for chunk in column.chunks:
        for start in range(0, len(chunk), _PIECE):
            yield from chunk.slice(start, _PIECE).to_pylist()


def _paths(column: Any) -> Iterator[Path]:
    return (Path(os.fsdecode(file)) for file in _each(column))


def _digests(files: Iterable[bytes], number: int) -> Any:
    return np.fromiter(map(hash, files), np.int64, number)
