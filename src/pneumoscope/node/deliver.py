"""Delivery of results to one destination: in order, again and again until it has them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import Protocol

from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import PeerError, StorageError
from pneumoscope.files import sha256_of
from pneumoscope.node.entry import Entry, Stage, StoredResult
from pneumoscope.node.events import Dead, Delayed, Delivered, Finished, Observer, Rejected
from pneumoscope.node.spool import Spool

_AT_ONCE = 50
_SECONDS_BETWEEN_LOOKS = 1.0
_FIRST_DELAY = 1.0
_LONGEST_DELAY = 300.0
_JITTER = 0.25


@dataclass(frozen=True)
class Answer:
    """Answer of a destination to a result.

    Attributes:
        status: its status, of DIMSE or HTTP; None if it was not even asked.
        reason: code of the reason why it has refused the result for good; empty if it has it.
    """

    status: int | None
    reason: str = ""


class Channel(Protocol):
    """An open way to a destination."""

    def send(self, result: StoredResult, path: Path) -> Answer:
        """Sends a result.

        Raises:
            PeerError: if it cannot be sent now; what was sent before counts.
        """


Connect = Callable[[], AbstractContextManager[Channel]]
"""Function that opens a way to a destination, or raises a `PeerError`."""


class Deliverer:
    """What delivers results to one destination, in a thread of its own, until it is stopped.

    Args:
        destination: name of the destination.
        connect: function that opens a way to it.
        spool: spool to take results from.
        tell: function that is told events.
        stopping: flag that ends the work after the object at hand.
        commits: True if the destination is asked to commit itself to keep what it has.
    """

    def __init__(
        self,
        destination: str,
        connect: Connect,
        spool: Spool,
        tell: Observer,
        stopping: Flag,
        commits: bool,
    ) -> None:
        self._destination, self._connect = destination, connect
        self._spool, self._tell, self._stopping = spool, tell, stopping
        self._has = Stage.SENT if commits else Stage.DONE
        self._failures = 0
        self._refused: set[tuple[Kind, str]] = set()

    def run(self) -> None:
        """Delivers until it is stopped."""
        while not self._stopping.is_set():
            entries = self._spool.entries_at(self._destination, Stage.WAITING, _AT_ONCE)
            if not entries:
                self._spool.wait(_SECONDS_BETWEEN_LOOKS)
                continue
            try:
                with self._connect() as channel:
                    for entry in entries:
                        if self._stopping.is_set():
                            return
                        self._deliver(entry, channel)
                        self._failures = 0
            except (PeerError, StorageError) as error:
                self._delay(error.code)

    def _deliver(self, entry: Entry, channel: Channel) -> None:
        stages: dict[Kind, Stage] = {}
        failure: str | None = None
        try:
            for result in entry.at(self._destination, Stage.WAITING):
                path = entry.folder / result.file
                if not path.exists() or sha256_of(path) != result.sha256:  # after a power cut
                    self._spool.remake(entry)
                    return
                reason = self._send(entry, result, path, channel)
                stages[result.kind] = Stage.REJECTED if reason else self._has
                failure = failure or reason
        finally:
            if stages:
                end(self._spool, entry.key, self._destination, stages, self._tell, failure)

    def _send(self, entry: Entry, result: StoredResult, path: Path, channel: Channel) -> str | None:
        """Sends a result, and returns the code of the reason if it was rejected."""
        began = time.monotonic()
        answer = channel.send(result, path)
        about = entry.key, self._destination, result.kind
        if not answer.reason:
            seconds = time.monotonic() - began
            self._tell(Delivered(*about, answer.status or 0, result.size, seconds))
            return None
        again = (result.kind, answer.reason) in self._refused
        self._refused.add((result.kind, answer.reason))
        self._tell(Rejected(*about, answer.status, answer.reason, again))
        return answer.reason

    def _delay(self, code: str) -> None:
        seconds = find_delay(self._failures)
        self._failures += 1
        self._tell(Delayed(self._destination, code, self._failures, seconds))
        self._stopping.wait(seconds)


def find_delay(failures: int) -> float:
    """Computes the time to the next attempt: from 1 s doubling to 5 min, give or take a quarter.

    Args:
        failures: number of attempts in a row that failed before this one.

    Returns:
        The time, in seconds.
    """
    usual = min(_FIRST_DELAY * 2.0 ** min(failures, 20), _LONGEST_DELAY)
    return usual * random.uniform(1 - _JITTER, 1 + _JITTER)


def end(
    spool: Spool,
    key: str,
    destination: str,
    stages: Mapping[Kind, Stage],
    tell: Observer,
    failure: str | None = None,
) -> None:
    """Moves results to other stages as `Spool.advance`, and tells if that ends the entry.

    Raises:
        StorageError: if the spool cannot be written.
    """
    ended = spool.advance(key, destination, stages, failure)
    if ended is not None:
        seconds = time.time() - Entry(Path(key), "").arrival
        if ended.failure is None:
            tell(Finished(key, seconds))
        else:
            tell(Dead(key, ended.failure, seconds))
