"""Parallel work on many files."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

Progress = Callable[[int, int], None]
"""Function that is called with the number of items done, and the number of all items."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def usable_cores(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Counts the cores that this process may use, at least 1, by its affinity and its container.

    `os.cpu_count` counts those of the host. A container with a quota of one and a half cores gets
    two threads.

    Args:
        cgroup: folder of the quota of the kernel: `cpu.max` (version 2), or `cpu.cfs_quota_us` and
            `cpu.cfs_period_us` (version 1), in microseconds.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    for read in (_quota_2, _quota_1):
        with suppress(OSError, ValueError):  # no such file, or "max"
            quota, period = read(cgroup)
            if quota > 0 and period > 0:
                cores = min(cores, math.ceil(quota / period))
    return max(1, cores)


def _quota_2(cgroup: Path) -> tuple[int, int]:
    quota, period = (cgroup / "cpu.max").read_text().split()
    return int(quota), int(period)


def _quota_1(cgroup: Path) -> tuple[int, int]:
    quota, period = (cgroup / "cpu" / f"cpu.cfs_{name}_us" for name in ("quota", "period"))
    return int(quota.read_text()), int(period.read_text())


def in_parallel(
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    progress: Progress | None = None,
) -> list[_Result]:
    """Applies a function to each item, on all cores that may be used.

    Args:
        function: function of one item; the first error that it raises ends the work.
        items: items to apply the function to.
        progress: function that is called after each item, in order.

    Returns:
        The results, in the order of the items.
    """
    return list(as_done(function, items, progress))


def as_done(
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    progress: Progress | None = None,
) -> Iterator[_Result]:
    """Applies a function as `in_parallel` does, and yields each result as soon as it is its turn.

    Nobody has to keep the results of all items.
    """
    with ThreadPoolExecutor(usable_cores()) as pool:
        for done, result in enumerate(in_stream(pool, function, items), start=1):
            yield result
            if progress:
                progress(done, len(items))


def in_stream(
    pool: Executor,
    function: Callable[[_Item], _Result],
    items: Iterable[_Item],
    ahead: int | None = None,
) -> Iterator[_Result]:
    """Applies a function to each item of a stream, a few items ahead of who takes the results.

    Threads are enough: decoding, resizing, hashing, compressing and NumPy all release the
    interpreter lock.

    Args:
        pool: threads to work on; streams that feed one another may share them.
        function: function of one item.
        items: items to apply the function to, in any number; taken on the thread of the caller.
        ahead: number of items that are worked on or done and not yet taken; by default twice that
            of the cores that this process may use.

    Yields:
        The results, in the order of the items. An error of the function is raised in the place of
        its result, and ends the work.
    """
    iterator, waiting = iter(items), deque[Future[_Result]]()
    ahead = 2 * usable_cores() if ahead is None else ahead
    try:
        while True:
            for item in islice(iterator, ahead - len(waiting)):
                waiting.append(pool.submit(function, item))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        wait(waiting)
