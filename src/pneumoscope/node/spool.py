"""The spool: folders that keep each radiograph from its arrival until every result is delivered.

    queue/<arrival>-<digest>/    object.dcm and received.json, then state.json and the results
    dead/<arrival>-<digest>/     dead letters: what cannot be done, until it is retried

An entry is whole or absent: it is written under a temporary name, which the next start removes, and
renamed. It is on the disk before its sender is told so. What comes after need not be: results are
made again of the same bytes and with the same UIDs, and a delivery that is not remembered is one
that the destination sees twice, as the same object.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from threading import Condition
from typing import Any

from pneumoscope.claims import claimed
from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import storage_errors
from pneumoscope.files import atomic_path, sync, temporary_name
from pneumoscope.node.entry import OBJECT, Entry, Stage, StoredResult

_RECEIVED, _STATE = "received.json", "state.json"
_QUEUE, _DEAD = "queue", "dead"
_DIGITS = 32
_TICK = 10**9  # nanoseconds, more than that of any clock of a file system


@dataclass(frozen=True)
class Added:
    """What became of an object that was given to the spool.

    Attributes:
        key: key of its entry.
        size: its size, in bytes.
        repeated: True if the very same bytes were there already.
    """

    key: str
    size: int
    repeated: bool


@dataclass(frozen=True)
class End:
    """End of an entry.

    Attributes:
        failure: code of the reason why it is a dead letter; None if all is done.
    """

    failure: str | None


@contextmanager
def open_spool(folder: Path) -> Iterator[Spool]:
    """Opens a spool for this process alone, and removes what a killed process left unfinished.

    Raises:
        SettingsError: if another process has it open.
        StorageError: if it cannot be written.
    """
    with claimed(folder):
        with storage_errors("write", folder):
            spool = Spool(folder)
        yield spool


class Spool:
    """The entries of a spool, for several threads of the one process that has it open.

    Args:
        folder: folder of the spool.
    """

    def __init__(self, folder: Path) -> None:
        self._queue, self._dead = folder / _QUEUE, folder / _DEAD
        for each in (self._queue, self._dead):
            each.mkdir(parents=True, exist_ok=True)
        self._changed = Condition()
        self._keys: dict[str, str] = {}  # by the digest of the object
        self._being_written: set[str] = set()
        # Keys in the order of arrival; those that came back from the dead letters are last.
        self._unmade: dict[str, None] = {}
        self._at: defaultdict[tuple[str, Stage], dict[str, None]] = defaultdict(dict)
        self._last = 0
        self._looked = 0
        self.look()

    def look(self) -> None:
        """Takes up the entries that have come into the queue behind its back, as by a retry.

        Raises:
            StorageError: if the queue cannot be listed.
        """
        with self._changed, storage_errors("read", self._queue):
            written = self._queue.stat().st_mtime_ns
            if written == self._looked:
                return
            if time.time_ns() - written > _TICK:  # otherwise the next change may bear the same time
                self._looked = written
            names = (name for name in os.listdir(self._queue) if not name.startswith("."))
            for name in sorted(name for name in names if not self._knows(_digest_of(name))):
                self._take_up(read_entry(self._queue / name))

    def add(self, parts: Iterable[bytes | memoryview], caller: str) -> Added:
        """Adds an object; when this returns, it is on the disk.

        Args:
            parts: the bytes of its DICOM file, in parts.
            caller: AE title that has sent it, or the source that it was fetched from.

        Raises:
            StorageError: if it cannot be written; then nothing of it is left.
        """
        parts = list(parts)
        digest, size = _digest(parts), sum(map(len, parts))
        with self._changed:
            while digest in self._being_written:
                self._changed.wait()
            if key := self._keys.get(digest) or self._revive(digest):
                return Added(key, size, True)
            self._last = max(self._last + 1, time.time_ns())
            entry = Entry(self._queue / f"{self._last:019}-{digest}", caller)
            self._being_written.add(digest)
        try:
            _write(entry, parts)
        finally:
            with self._changed:
                self._being_written.remove(digest)
                if entry.folder.exists():
                    self._take_up(entry)
                self._changed.notify_all()
        return Added(entry.key, size, False)

    def wait(self, seconds: float) -> None:
        """Waits until something has changed, for some seconds at most."""
        with self._changed:
            self._changed.wait(seconds)

    def wake(self) -> None:
        """Wakes all who wait."""
        with self._changed:
            self._changed.notify_all()

    def next_unmade(self) -> Entry | None:
        """Returns the first entry without results, if there is any."""
        with self._changed:
            key = next(iter(self._unmade), None)
        return None if key is None else read_entry(self._queue / key)

    def destinations(self) -> set[str]:
        """Collects the destinations that results wait for."""
        with self._changed:
            return {name for (name, _), keys in self._at.items() if keys}

    def entries_at(
        self, destination: str, stage: Stage, most: int, without: Collection[str] = ()
    ) -> list[Entry]:
        """Lists the first entries with results in some stage at a destination, in their order.

        Args:
            destination: name of the destination.
            stage: the stage.
            most: greatest number of entries.
            without: keys of entries to leave out.
        """
        with self._changed:
            keys = (key for key in self._at[destination, stage] if key not in without)
            return [read_entry(self._queue / key) for key in islice(keys, most)]

    def keep_results(
        self, entry: Entry, results: Mapping[StoredResult, bytes], destinations: Iterable[str]
    ) -> None:
        """Writes the results of an entry, which from now on wait for their destinations.

        Raises:
            StorageError: if they cannot be written.
        """
        for result, data in results.items():
            with atomic_path(entry.folder / result.file, durable=False) as temporary:
                temporary.write_bytes(data)
        new = {result.kind: Stage.WAITING for result in results}
        made = replace(entry, results=(*results,), deliveries=dict.fromkeys(destinations, new))
        _write_state(made)
        with self._changed:
            self._unmade.pop(entry.key, None)
            self._take_up(made)
            self._changed.notify_all()

    def remake(self, entry: Entry) -> None:
        """Has the results of an entry made again, since a power cut has damaged them.

        Raises:
            StorageError: if the entry cannot be written.
        """
        with self._changed:
            self._forget(entry)
            (entry.folder / _STATE).unlink(missing_ok=True)
            self._take_up(read_entry(entry.folder))
            self._changed.notify_all()

    def advance(
        self,
        key: str,
        destination: str,
        stages: Mapping[Kind, Stage],
        failure: str | None = None,
    ) -> End | None:
        """Moves results of an entry to other stages of their delivery to a destination.

        An entry with nothing left to do is removed; what some destination has rejected becomes a
        dead letter of that alone.

        Args:
            key: key of the entry.
            destination: name of the destination.
            stages: new stage of each result that has another one.
            failure: code of the reason, if the destination has rejected one.

        Returns:
            The end of the entry; None if there is more to do.

        Raises:
            StorageError: if it cannot be written.
        """
        with self._changed:  # several destinations may have news of the same entry
            entry = read_entry(self._queue / key)
            if destination not in entry.deliveries:
                return None  # its results are being made again
            entry = entry.moved(destination, stages, failure)
            if entry.stages() & {Stage.WAITING, Stage.SENT}:
                _write_state(entry)
                self._take_up(entry)
                self._changed.notify_all()
                return None
            if entry.failure is not None:
                self.bury(entry, entry.failure)
                return End(entry.failure)
            gone = entry.folder.with_name(temporary_name())
            with storage_errors("write", self._queue):
                entry.folder.rename(gone)
            self._forget(entry)
        shutil.rmtree(gone, ignore_errors=True)
        return End(None)

    def bury(self, entry: Entry, code: str) -> None:
        """Makes an entry a dead letter, which keeps only what a retry needs.

        Args:
            entry: the entry.
            code: code of the reason.

        Raises:
            StorageError: if it cannot be written.
        """
        dead = replace(entry, failure=code)
        with self._changed, storage_errors("write", self._dead):
            for name in _needless(entry):
                (entry.folder / name).unlink(missing_ok=True)
            _write_state(dead)
            entry.folder.rename(self._dead / entry.key)
            self._forget(entry)

    def _revive(self, digest: str) -> str | None:
        """Takes the same bytes, whose sender tries again, back from the dead letters."""
        for folder in self._dead.glob(f"*-{digest}"):
            if (folder / OBJECT).exists():
                entry = revive(read_entry(folder))
                self._take_up(entry)
                self._changed.notify_all()
                return entry.key
        return None

    def _knows(self, digest: str) -> bool:
        return digest in self._keys or digest in self._being_written

    def _take_up(self, entry: Entry) -> None:
        key = entry.key
        self._keys[_digest_of(key)] = key
        self._last = max(self._last, int(key.partition("-")[0]))
        if entry.results is None:
            self._unmade[key] = None
        for name in entry.deliveries:
            for stage in (Stage.WAITING, Stage.SENT):
                if entry.at(name, stage):
                    self._at[name, stage].setdefault(key)
                else:
                    self._at[name, stage].pop(key, None)

    def _forget(self, entry: Entry) -> None:
        self._keys.pop(_digest_of(entry.key), None)
        for keys in (self._unmade, *self._at.values()):
            keys.pop(entry.key, None)


def read_entry(folder: Path) -> Entry:
    """Reads the entry in a folder; a state that cannot be read, as after a power cut, is none."""
    entry = Entry(folder, str(_read(folder / _RECEIVED).get("caller", "")))
    with suppress(KeyError, TypeError, ValueError, AttributeError):
        return entry.with_state(_read(folder / _STATE))
    return entry


def list_entries(spool: Path, *, dead: bool) -> list[Entry]:
    """Lists the entries of a spool, which may be in use: those in the queue, or the dead letters.

    Raises:
        StorageError: if it may not be read.
    """
    place = spool / (_DEAD if dead else _QUEUE)
    with storage_errors("read", place):
        found = sorted(place.iterdir()) if place.exists() else []
    return [read_entry(each) for each in found if not each.name.startswith(".")]


def revive(entry: Entry) -> Entry:
    """Moves a dead letter back to the queue, where a node takes it up.

    Raises:
        StorageError: if it cannot be written.
    """
    again = replace(
        entry,
        deliveries={
            name: {
                kind: Stage.WAITING if stage is Stage.REJECTED else stage
                for kind, stage in delivery.items()
            }
            for name, delivery in entry.deliveries.items()
        },
        failure=None,
    )
    place = entry.folder.parents[1] / _QUEUE / entry.key
    with storage_errors("write", place):
        _write_state(again)
        entry.folder.rename(place)
    return replace(again, folder=place)


def _needless(entry: Entry) -> set[str]:
    """Collects the files of a dead letter that no retry needs: all but what was rejected."""
    if entry.results is None:
        return set()
    rejected = {
        result.file for name in entry.deliveries for result in entry.at(name, Stage.REJECTED)
    }
    return {OBJECT, *(result.file for result in entry.results)} - rejected


def _digest(parts: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:_DIGITS]


def _digest_of(key: str) -> str:
    return key.rpartition("-")[2]


def _write(entry: Entry, parts: Iterable[bytes | memoryview]) -> None:
    received = json.dumps({"caller": entry.caller}).encode()
    temporary = entry.folder.with_name(temporary_name())
    with storage_errors("write", entry.folder.parent):
        try:
            temporary.mkdir()
            for name, content in ((OBJECT, parts), (_RECEIVED, [received])):
                with open(temporary / name, "wb") as file:
                    file.writelines(content)
                    file.flush()
                    os.fsync(file.fileno())
            sync(temporary)
            temporary.rename(entry.folder)
            sync(entry.folder.parent)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        content = json.loads(path.read_text("utf-8"))
        return content if isinstance(content, dict) else {}
    return {}


def _write_state(entry: Entry) -> None:
    with atomic_path(entry.folder / _STATE, durable=False) as temporary:
        temporary.write_text(json.dumps(entry.state()), encoding="utf-8")
