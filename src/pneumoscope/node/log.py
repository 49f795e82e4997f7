"""The log of the node: a line of JSON for each object, and for what happens beside objects.

Events hold nothing that identifies a patient, and so neither does a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from threading import Lock
from typing import Any, TextIO

from pneumoscope.node.events import (
    Committed,
    Dead,
    Delivered,
    Drift,
    Event,
    Finished,
    Predicted,
    Received,
    Rejected,
)


def utc_now() -> datetime:
    """Returns the time, in UTC."""
    return datetime.now(UTC)


class Log:
    """Writes what happens as lines of JSON, from any thread.

    An object gets one line, when it is finished or dead. What was told of it before the node was
    started is not in it. Any other event gets a line at once, and so does an object that came
    again while it was waiting.

    Args:
        file: file that lines are appended to. What cannot be written is lost, and the node goes on.
        now: function that returns the time, with its time zone.
    """

    def __init__(self, file: TextIO, now: Callable[[], datetime] = utc_now) -> None:
        self._file = file
        self._now = now
        self._lock = Lock()
        self._objects: dict[str, dict[str, Any]] = {}

    def __call__(self, event: Event) -> None:
        """Takes an event."""
        facts = asdict(event)
        with self._lock:
            match event:
                case Received(repeated=False):
                    facts["receiving"] = facts.pop("seconds")
                    self._about(facts).update(facts)
                case Predicted():
                    self._about(facts).update(facts)
                case Delivered() | Committed() | Rejected():
                    deliveries = self._about(facts).setdefault("deliveries", [])
                    del facts["key"]
                    deliveries.append({"outcome": _name(event), **facts})
                case Finished() | Dead():
                    known = self._objects.pop(event.key, {})
                    self._write("object", {"outcome": _name(event), **known, **facts})
                case Drift(new=False):
                    pass  # told before
                case _:
                    self._write(_name(event), facts)

    def _about(self, facts: dict[str, Any]) -> dict[str, Any]:
        return self._objects.setdefault(facts["key"], {})

    def _write(self, event: str, facts: dict[str, Any]) -> None:
        time = self._now().isoformat(timespec="milliseconds")
        line = json.dumps({"time": time, "event": event, **facts})
        with suppress(OSError, ValueError):  # the disk is full, or the file was closed
            self._file.write(f"{line}\n")
            self._file.flush()


def _name(event: Event) -> str:
    """Words the name of an event as a code, such as "not-stored"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(event).__name__).lower()
