"""Work on many files at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Progress = Callable[[int, int], None]
"""Called with the number of items done and of all."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_parallel(
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    progress: Progress | None = None,
) -> list[_Result]:
    """Applies a function to each item, on all cores.

    Threads do: decoding, resizing, hashing and numpy all let go of the interpreter.

    Args:
        function: what to do; the first error that it raises ends the work.
        items: what to do it to.
        progress: called after each item, in order.

    Returns:
        The results, in the order of the items.
    """
    results: list[_Result] = []
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        for result in pool.map(function, items):
            results.append(result)
            if progress:
                progress(len(results), len(items))
        return results
    finally:
        pool.shutdown(cancel_futures=True)
