"""Progress of work that is done in parts."""

from __future__ import annotations

from collections.abc import Callable

from pneumoscope.parallel import Progress


def ticker(total: int, progress: Progress | None) -> Callable[[int], None]:
    """What to call after each part with the number of items that it had.

    Args:
        total: of all items.
        progress: called with the number of items done and of all.
    """
    done = 0

    def tick(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, total)

    return tick
