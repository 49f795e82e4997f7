"""Work on the cores that the process may use, in order, and only a few items ahead."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pneumoscope.parallel import as_done, in_parallel, in_stream, usable_cores

QUOTAS = {
    "one core": ({"cpu.max": "100000 100000"}, 1),
    "one and a half": ({"cpu.max": "150000 100000"}, 2),
    "a tenth": ({"cpu.max": "10000 100000"}, 1),
    "no quota": ({"cpu.max": "max 100000"}, 8),
    "more than there are": ({"cpu.max": "6400000 100000"}, 8),
    "version 1": ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2),
    "version 1, no quota": ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
    "garbage": ({"cpu.max": "?"}, 8),
    "nothing": ({}, 8),
}


@pytest.mark.parametrize("name", QUOTAS)
def test_quota_of_a_container(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    files, cores = QUOTAS[name]
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text + "\n")
    assert usable_cores(tmp_path) == cores


def test_affinity_goes_before_the_cores_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert usable_cores(tmp_path) == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_cores(tmp_path) == 64


def test_items_are_worked_on_together_and_come_in_their_order() -> None:
    both = threading.Barrier(2, timeout=30)

    def meet(item: int) -> int:
        both.wait()  # for ever, if there was one after the other
        return 10 * item

    with ThreadPoolExecutor(2) as pool:
        assert list(in_stream(pool, meet, range(6))) == [0, 10, 20, 30, 40, 50]


@pytest.mark.parametrize("ahead", [1, 3])
def test_only_a_few_items_are_ahead(ahead: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in count():  # without end
            taken.append(item)
            yield item

    with ThreadPoolExecutor(2) as pool:
        results = in_stream(pool, lambda item: item, items(), ahead)
        assert taken == []
        for number in range(10):
            assert next(results) == number
            assert len(taken) == number + ahead


def test_an_error_takes_the_place_of_its_result_and_ends_the_work() -> None:
    started: list[int] = []

    def divide(item: int) -> float:
        started.append(item)
        return 6 / (2 - item)

    with ThreadPoolExecutor(2) as pool:
        results = in_stream(pool, divide, range(100), 4)
        assert [next(results), next(results)] == [3, 6]
        with pytest.raises(ZeroDivisionError):
            next(results)
        assert list(results) == []
    assert max(started) < 6


def test_nothing_runs_any_more_once_nobody_takes_results() -> None:
    begun, cancelled = threading.Event(), threading.Event()
    finished: list[int] = []

    class Pool(ThreadPoolExecutor):
        def submit(self, function: Any, /, item: int) -> Any:
            future = super().submit(function, item)
            if item == 2:
                future.add_done_callback(lambda _: cancelled.set())
            return future

    def work(item: int) -> int:
        if item == 1:
            begun.set()
            cancelled.wait(30)
        finished.append(item)
        return item

    with Pool(1) as pool:
        results = in_stream(pool, work, range(4), 3)
        assert next(results) == 0
        assert begun.wait(30)
        results.close()
        assert finished == [0, 1]


def test_progress_is_told_after_each_item() -> None:
    told: list[tuple[int, int]] = []
    found = in_parallel(str, [7, 8, 9], lambda done, total: told.append((done, total)))
    assert found == ["7", "8", "9"]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_results_come_before_all_items_are_done() -> None:
    begun: list[int] = []
    results = as_done(lambda item: begun.append(item) or item, range(1000))
    assert next(results) == 0
    assert len(begun) < 1000
    assert list(results) == list(range(1, 1000))
