"""Files of counters: one of a day for each process that counts, added up when they are read.

    DIR/2026-11-27.5f0c9d2ab1e34f77.json

A process writes its own files only, and a new one after each start, so that nothing is ever read
in order to be written, and nothing that was written is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pneumoscope.errors import DataError, PneumoscopeError, storage_errors
from pneumoscope.files import write_json
from pneumoscope.monitor.basis import Basis
from pneumoscope.monitor.counts import Counts

_NAME = re.compile(r"(\d{4}-\d\d-\d\d)\.[0-9a-f]{16}\.json")
_SCHEMA = 1
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Stored:
    """What a folder of counters holds.

    Attributes:
        days: counts of the model, by day and file.
        others: number of files that hold counts of another model.
    """

    days: tuple[tuple[date, str, Counts], ...]
    others: int


def is_store(folder: Path) -> bool:
    """Tells whether a folder holds counters."""
    return any(_files(folder))


def name_file(day: date, worker: str) -> str:
    """Names the file of a day of a worker, which is named by 16 hexadecimal digits."""
    return f"{day.isoformat()}.{worker}.json"


def write_counts(folder: Path, name: str, basis: Basis, counts: Counts) -> None:
    """Writes the counts of a day of one worker, in place of those that it wrote before.

    Raises:
        StorageError: if they cannot be written.
    """
    model = {"name": basis.model, "sha256": basis.sha256}
    write_json(folder / name, {"schema_version": _SCHEMA, "model": model, **counts.to_dict()})


def read_counts(folder: Path, basis: Basis, since: date | None = None) -> Stored:
    """Reads the counters of a folder.

    Args:
        folder: the folder; it may not exist yet.
        basis: the model whose counts are wanted.
        since: first day to read; None for all.

    Raises:
        DataError: if a file is damaged, or a newer version wrote it.
        StorageError: if one cannot be read.
    """
    days, others = [], 0
    with storage_errors("read", folder):
        for path, day in _files(folder):
            if since is not None and day < since:
                continue
            counts = _read(path, basis)
            if counts is None:
                others += 1
            else:
                days.append((day, path.name, counts))
    return Stored(tuple(days), others)


def _files(folder: Path) -> Iterator[tuple[Path, date]]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (found := _NAME.fullmatch(path.name)) is not None:
            with suppress(ValueError):  # a day that no calendar has: not one of ours
                yield path, date.fromisoformat(found[1])


def _read(path: Path, basis: Basis) -> Counts | None:
    """Reads the counts of a file; None if they are of another model."""
    if path.stat().st_size > _MOST_BYTES:
        raise _damaged(path, "it is too large")
    try:
        content = json.loads(path.read_bytes())
        if content["schema_version"] > _SCHEMA:
            raise DataError(
                f"{path} was written by a newer version",
                remedy="Upgrade pneumoscope",
                code="counters-newer",
                values={"path": str(path)},
            )
        if content["model"]["sha256"] != basis.sha256:
            return None
        return Counts.parse(content, basis.reference)
    except (OSError, PneumoscopeError):
        raise
    except Exception as error:  # of whatever kind the content causes
        raise _damaged(path, repr(error)[:200]) from error


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} holds no counters: {why}",
        expected="a file that the service or the node has written",
        remedy="Delete it, or move it away: the counts of other days and workers stay",
        code="counters-damaged",
        values={"path": str(path)},
    )
