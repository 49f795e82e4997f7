"""The progress of work that is done in parts."""

from __future__ import annotations

from collections.abc import Callable

from pneumoscope.parallel import Progress


def ticker(total: int, progress: Progress | None) -> Callable[[int], None]:
    """Makes a function to call after each part with its number of items.

    Args:
        total: number of all items.
        progress: called with the number of items done and of all items.
    """
    done = 0

    def tick(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, total)

    return tick


def first_of(parts: int, progress: Progress | None) -> Progress | None:
    """Makes the progress of the first of several equal parts, which are shown as one."""
    return progress and (lambda done, total: progress(done, parts * total))


def rest_of(parts: int, progress: Progress | None) -> Progress | None:
    """Makes the progress of all but the first of several equal parts, which are shown as one."""
    others = parts - 1
    return progress and (
        lambda done, total: progress(total // others + done, total // others * parts)
    )
