"""The log of the service: a line of JSON on standard error for each problem, and none otherwise.

A line names no file, no patient and no client.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime


def tell(event: str, **facts: str | int | float) -> None:
    """Writes a line.

    Args:
        event: name of what has happened.
        facts: facts about it.
    """
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    with suppress(OSError, ValueError):  # nobody reads it, or the disk is full
        print(json.dumps({"time": time, "event": event, **facts}), file=sys.stderr, flush=True)
