"""The monitor: counts what a model meets, keeps the counts, and looks for drift."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType

from pneumoscope.errors import PneumoscopeError
from pneumoscope.inference import Judged
from pneumoscope.monitor.alarm import WINDOW
from pneumoscope.monitor.basis import Basis
from pneumoscope.monitor.counts import Counts
from pneumoscope.monitor.observe import Observation, observe
from pneumoscope.monitor.report import DriftReport, make_report
from pneumoscope.monitor.store import name_file, read_counts, write_counts
from pneumoscope.types import Prediction

SECONDS = 60.0
"""Time between two looks, after each of which the counts are on the disk."""

Tell = Callable[[DriftReport | PneumoscopeError, bool], None]
"""Function that is told what a look has found, or why it could not; and True if that is new: an
alarm that begins or ends, or counts that cannot be kept or read."""


class Monitor:
    """Counts images, from any thread; within a `with` block it looks for drift each minute.

    What was counted since the last look is lost when the process is killed.

    Args:
        basis: what counts are compared with.
        folder: folder of counters, which other processes may share; None to keep them in memory.
        tell: function that is told of each look.
        today: function that returns the day.

    Raises:
        DataError: if a counter in the folder is damaged.
        StorageError: if the folder cannot be written.
    """

    def __init__(
        self,
        basis: Basis,
        folder: Path | None = None,
        tell: Tell = lambda *_: None,
        today: Callable[[], date] = date.today,
    ) -> None:
        self._basis, self._folder, self._tell, self._today = basis, folder, tell, today
        self._worker = secrets.token_hex(8)
        self._lock = Lock()
        self._days: dict[date, Counts] = {}
        self._unsaved: set[date] = set()
        self._stopping = Event()
        self._thread: Thread | None = None
        if folder is not None:
            write_counts(folder, self._file(today()), basis, Counts.empty(basis.reference))
        self.latest = self.report()
        self._told: bool | str = False

    def observe(self, judged: Judged, prediction: Prediction) -> None:
        """Counts an image that was predicted."""
        self.count(observe(self._basis.reference, judged, prediction))

    def count(self, seen: Observation) -> None:
        """Counts an observation."""
        with self._lock:
            today = self._today()
            if today not in self._days:
                self._days[today] = Counts.empty(self._basis.reference)
            self._days[today].count(seen)
            self._unsaved.add(today)

    def save(self) -> None:
        """Writes what was counted since the last time.

        Raises:
            StorageError: if it cannot be written; it is then written the next time.
        """
        with self._lock:
            waiting = {day: Counts.sum([self._days[day]]) for day in self._unsaved}
            self._unsaved.clear()
        if self._folder is None:
            return
        for day, counts in waiting.items():
            try:
                write_counts(self._folder, self._file(day), self._basis, counts)
            except PneumoscopeError:
                with self._lock:
                    self._unsaved |= waiting.keys()
                raise

    def report(self) -> DriftReport:
        """Reports on the last days, with what other processes have counted in the folder.

        Raises:
            DataError: if a counter is damaged.
            StorageError: if one cannot be read.
        """
        since = self._today() - timedelta(days=WINDOW - 1)
        with self._lock:
            self._days = {day: each for day, each in self._days.items() if day >= since}
            found = [(day, Counts.sum([each])) for day, each in self._days.items()]
        if self._folder is not None:
            stored = read_counts(self._folder, self._basis, since)
            own = {self._file(day) for day, _ in found}
            found += [(day, each) for day, name, each in stored.days if name not in own]
        return make_report(self._basis, found)

    def look(self) -> DriftReport:
        """Saves the counts, and reports.

        Raises:
            DataError, StorageError: as `save` and `report`.
        """
        self.save()
        self.latest = self.report()
        return self.latest

    def start(self) -> None:
        """Starts to look each minute."""
        self._thread = Thread(target=self._run, name="monitor")
        self._thread.start()

    def stop(self) -> None:
        """Looks a last time."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Monitor:
        """Starts."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops."""
        self.stop()

    def _run(self) -> None:
        while True:
            stopping = self._stopping.wait(SECONDS)
            try:
                found: DriftReport | PneumoscopeError = self.look()
            except PneumoscopeError as error:
                found = error
            except Exception:  # whatever it is, the next look saves what is counted until then
                found = PneumoscopeError("The look for drift has failed")
            state = found.code if isinstance(found, PneumoscopeError) else found.alarm.on
            self._tell(found, state != self._told)
            self._told = state
            if stopping:
                return

    def _file(self, day: date) -> str:
        return name_file(day, self._worker)
