"""Work on the spool: the results of each entry, in the order of arrival."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable
from threading import Event as Flag
from typing import Protocol

from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import ImageError, SettingsError, StorageError
from pneumoscope.monitor import Observation
from pneumoscope.node.deliver import find_delay
from pneumoscope.node.entry import Entry, StoredResult
from pneumoscope.node.events import Dead, Delayed, Observer, Predicted
from pneumoscope.node.made import Made
from pneumoscope.node.maker import MakerDied
from pneumoscope.node.settings import Settings
from pneumoscope.node.spool import Spool
from pneumoscope.types import Status

SPOOL = "spool"
"""Name under which events tell that the spool cannot be written."""

_SECONDS_BETWEEN_LOOKS = 1.0
_DEATHS = 2


Count = Callable[[Observation], None]
"""Function that counts an image."""


class Makes(Protocol):
    """What makes results."""

    def make(self, entry: Entry) -> Made:
        """Makes the results of an entry, as `Maker.make`."""


class Worker:
    """What makes the results of entries, in one thread, until it is stopped.

    Args:
        settings: settings of the node.
        spool: spool to take entries from, and to put results into.
        maker: what makes the results.
        tell: function that is told events.
        count: function that counts what is made, for drift.
        stopping: flag that ends the work after the entry at hand.
    """

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        maker: Makes,
        tell: Observer,
        count: Count,
        stopping: Flag,
    ) -> None:
        self._settings, self._spool, self._maker = settings, spool, maker
        self._tell, self._count, self._stopping = tell, count, stopping
        self._deaths: Counter[str] = Counter()
        self._failures = 0

    def run(self) -> None:
        """Works until it is stopped."""
        while not self._stopping.is_set():
            try:
                entry = self._spool.next_unmade()
                if entry is None:
                    self._spool.wait(_SECONDS_BETWEEN_LOOKS)
                    continue
                self._work(entry)
                self._failures = 0
            except StorageError as error:
                seconds = find_delay(self._failures)
                self._failures += 1
                self._tell(Delayed(SPOOL, error.code, self._failures, seconds))
                self._stopping.wait(seconds)

    def _work(self, entry: Entry) -> None:
        queued = time.time() - entry.arrival
        try:
            destinations = self._settings.route(entry.caller)
        except SettingsError:
            self._bury(entry, "sender-unknown")
            return
        try:
            made = self._maker.make(entry)
        except (ImageError, StorageError) as error:
            if isinstance(error, ImageError):
                self._count(Observation(Status.ERROR, error=error.code))
            self._bury(entry, error.code)
            return
        except MakerDied:
            self._deaths[entry.key] += 1
            if self._deaths[entry.key] == _DEATHS:
                del self._deaths[entry.key]
                self._count(Observation(Status.ERROR, error="maker-died"))
                self._bury(entry, "maker-died")
            return
        self._deaths.pop(entry.key, None)
        results = {_stored(*result): result[2] for result in made.results}
        self._spool.keep_results(entry, results, destinations)
        kinds = tuple(result.kind for result in results)
        told = (made.status, made.codes, kinds, queued, made.predicting, made.deriving)
        self._tell(Predicted(entry.key, *told))
        self._count(made.seen)

    def _bury(self, entry: Entry, code: str) -> None:
        self._spool.bury(entry, code)
        self._tell(Dead(entry.key, code, time.time() - entry.arrival))


def _stored(kind: Kind, uid: str, data: bytes) -> StoredResult:
    return StoredResult(kind, uid, hashlib.sha256(data).hexdigest(), len(data))
