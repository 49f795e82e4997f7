"""The images of a shard that are in work, noted where the death of the process leaves them.

A file that ends the process which reads it, by whatever fault of a codec, would end it again each
time its shard is begun. So a process notes the images before it reads them, in a file that it also
holds locked: whoever finds it unlocked finds what its former owner died of. These images are then
tried one by one, and one that was alone in work at two deaths is set aside.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pneumoscope.claims import take_lock
from pneumoscope.errors import storage_errors

_DEATHS = 2


class Journal:
    """The journal of a shard, open and locked.

    Args:
        handle: descriptor of its file.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._alone: dict[int, int] = {}
        self._aside: set[int] = set()
        self._read()

    def batches(self, rows: int, size: int) -> Iterator[list[int]]:
        """Divides the rows of a shard into batches; what may have ended a process is alone.

        Args:
            rows: number of rows.
            size: number of rows in a batch.
        """
        batch: list[int] = []
        for row in range(rows):
            if batch and (row in self._alone or len(batch) == size):
                yield batch
                batch = []
            batch.append(row)
            if row in self._alone:
                yield batch
                batch = []
        if batch:
            yield batch

    def is_aside(self, row: int) -> bool:
        """Tells whether an image is not to be read any more."""
        return row in self._aside

    def begin(self, batch: Sequence[int]) -> None:
        """Notes the images that are in work from now on; none when all is done.

        Raises:
            OSError: if it cannot be written.
        """
        alone = {str(row): deaths for row, deaths in self._alone.items()}
        content = {"trying": [*batch], "alone": alone, "aside": sorted(self._aside)}
        line = json.dumps(content).encode() + b"\n"
        os.pwrite(self._handle, line, 0)  # what a longer one leaves behind is on further lines

    def _read(self) -> None:
        line, _, _ = os.pread(self._handle, 1_000_000, 0).partition(b"\n")
        try:
            content = json.loads(line)
        except ValueError:  # nothing yet
            return
        self._alone = {int(row): deaths for row, deaths in content["alone"].items()}
        self._aside = {*content["aside"]}
        match content["trying"]:
            case [row] if row in self._alone:
                self._alone[row] += 1
                if self._alone[row] >= _DEATHS:
                    self._aside.add(row)
            case rows:
                self._alone |= dict.fromkeys(rows, 0)


@contextmanager
def journal_of(folder: Path, number: int) -> Iterator[Journal | None]:
    """Opens the journal of a shard for this process alone; it is removed if the block succeeds.

    Args:
        folder: the scored folder.
        number: number of the shard.

    Yields:
        The journal; None if another process is at this shard.

    Raises:
        StorageError: if the folder cannot be written.
    """
    path = folder / f".part-{number:06d}.trying"
    with storage_errors("write", path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if not take_lock(handle):
                yield None
                return
            journal = Journal(handle)
            try:
                yield journal
            except BaseException:
                journal.begin(())  # it has not died of what was in work
                raise
            path.unlink(missing_ok=True)
        finally:
            os.close(handle)
