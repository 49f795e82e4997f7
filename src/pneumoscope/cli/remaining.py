"""The time that long work will take, measured at its beginning and said once."""

from __future__ import annotations

import time
from collections.abc import Callable

_MEASURED = 5.0  # seconds: the first batches, and no more
_LONG = 60.0  # seconds: less needs no word


class RemainingTime:
    """Says once how long the rest of some work will take, if that is a minute or more.

    Args:
        say: function that prints a line.
        unit: what is counted, in the plural.
    """

    def __init__(self, say: Callable[[str], None], unit: str) -> None:
        self._say = say
        self._unit = unit
        self._first: tuple[float, float] | None = None
        self._last = 0.0
        self._said = False

    def __call__(self, done: float, total: float) -> None:
        """Takes the numbers of things done and of all."""
        now = time.monotonic()
        if self._first is None or done < self._last:  # of several trainings, the next one
            self._first = now, done
        self._last = done
        began, before = self._first
        if self._said or now - began < _MEASURED or done <= before:
            return
        self._said = True
        rate = (done - before) / (now - began)
        left = (total - done) / rate
        if left >= _LONG:
            self._say(
                f"{in_words(left).capitalize()} more at this rate: {total - done:,.0f} "
                f"{self._unit} at {rate:,.{0 if rate >= 10 else 1}f} {self._unit}/s"
            )


def in_words(seconds: float) -> str:
    """Words a time that is known roughly: "about 25 minutes", "about 3 hours"."""
    minutes = seconds / 60
    if minutes < 10:
        count, unit = round(minutes), "minute"
    elif minutes < 90:
        count, unit = 5 * round(minutes / 5), "minute"
    else:
        count, unit = round(minutes / 60), "hour"
    return f"about {count} {unit}{'s' if count > 1 else ''}"
