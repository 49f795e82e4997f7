"""The monitor: keeps counts over restarts, days and processes, and says what it cannot write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from pneumoscope.errors import PneumoscopeError, StorageError
from pneumoscope.monitor import DriftReport, Monitor, Observation
from pneumoscope.monitor import monitor as module
from pneumoscope.monitor.basis import Basis
from pneumoscope.types import Status

DAY = date(2026, 11, 27)
ONE = Observation(Status.ACCEPTED, {"brightness": 3, "score": 1})


def at(day: date) -> Callable[[], date]:
    return lambda: day


def test_counts_in_memory_without_a_folder(basis: Basis) -> None:
    monitor = Monitor(basis, today=at(DAY))
    assert monitor.latest.counts.images == 0
    monitor.count(ONE)
    assert monitor.look().counts.images == 1
    assert monitor.look().days.keys() == {DAY}


def test_counts_survive_a_restart_and_add_up_over_workers(basis: Basis, tmp_path: Path) -> None:
    first = Monitor(basis, tmp_path, today=at(DAY))
    for _ in range(3):
        first.count(ONE)
    first.look()
    first.count(ONE)  # and it is killed
    second, third = (Monitor(basis, tmp_path, today=at(DAY)) for _ in range(2))
    assert second.latest.counts.images == 3
    second.count(ONE)
    second.save()
    third.count(ONE)
    assert third.look().counts.images == 5
    assert second.look().counts.images == 5
    assert second.look().counts.bins["brightness"][3] == 5


def test_each_day_has_its_file(basis: Basis, tmp_path: Path) -> None:
    day = [DAY]
    monitor = Monitor(basis, tmp_path, today=lambda: day[0])
    monitor.count(ONE)
    day[0] += timedelta(days=1)
    monitor.count(ONE)
    monitor.count(ONE)
    found = monitor.look()
    assert [counts.images for counts in found.days.values()] == [1, 2]
    assert {path.name[:10] for path in tmp_path.iterdir()} == {"2026-11-27", "2026-11-28"}
    day[0] += timedelta(days=29)
    assert [*monitor.look().days] == [DAY + timedelta(days=1)]


def test_a_folder_that_cannot_be_written_stops_the_start(basis: Basis, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Monitor(basis, tmp_path / "file" / "below")


def test_what_could_not_be_written_is_written_later(
    basis: Basis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = Monitor(basis, tmp_path, today=at(DAY))
    monitor.count(ONE)

    def full(*_: object) -> None:
        raise StorageError("The disk is full")

    with monkeypatch.context() as during:
        during.setattr(module, "write_counts", full)
        with pytest.raises(StorageError):
            monitor.look()
    monitor.look()
    assert Monitor(basis, tmp_path, today=at(DAY)).latest.counts.images == 1


def test_leaving_the_block_writes_all(basis: Basis, tmp_path: Path) -> None:
    with Monitor(basis, tmp_path, today=at(DAY)) as monitor:
        monitor.count(ONE)
    assert Monitor(basis, tmp_path, today=at(DAY)).latest.counts.images == 1


def test_it_looks_by_itself_and_tells_what_is_new(
    basis: Basis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.001)
    told: Queue[DriftReport | PneumoscopeError] = Queue()
    damaged = tmp_path / "2026-11-27.0123456789abcdef.json"
    with Monitor(
        basis, tmp_path, lambda found, new: told.put(found) if new else None, at(DAY)
    ) as monitor:
        for _ in range(200):
            monitor.count(Observation(Status.ACCEPTED, {"brightness": 9}))
        found = told.get(timeout=30)
        assert isinstance(found, DriftReport)
        assert found.alarm.on
        damaged.write_text("broken")
        found = told.get(timeout=30)
        assert isinstance(found, PneumoscopeError)
        assert found.code == "counters-damaged"
        damaged.unlink()
        assert isinstance(told.get(timeout=30), DriftReport)
    assert told.empty()


def test_it_goes_on_after_a_look_that_fails(
    basis: Basis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.001)
    looked: Queue[DriftReport | PneumoscopeError] = Queue()
    monitor = Monitor(basis, tmp_path, lambda found, new: looked.put(found), at(DAY))
    report = monitor.report
    failing = iter([True])

    def fail_once() -> DriftReport:
        if next(failing, False):
            raise MemoryError
        return report()

    monkeypatch.setattr(monitor, "report", fail_once)
    with monitor:
        assert isinstance(looked.get(timeout=30), PneumoscopeError)
        assert isinstance(looked.get(timeout=30), DriftReport)


def test_a_day_that_no_calendar_has_is_no_counter(basis: Basis, tmp_path: Path) -> None:
    (tmp_path / "2026-13-45.0123456789abcdef.json").write_text("{}")
    monitor = Monitor(basis, tmp_path, today=at(DAY))
    monitor.count(ONE)
    assert monitor.look().counts.images == 1


def test_many_threads_lose_nothing(basis: Basis) -> None:
    monitor = Monitor(basis, today=at(DAY))
    threads = [Thread(target=lambda: [monitor.count(ONE) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert monitor.report().counts.images == 2000
