"""Decoders that keep their warnings to themselves, in many threads at once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_inside = 0
_saved = warnings.catch_warnings()


@contextmanager
def without_warnings() -> Iterator[None]:
    """Drops the warnings of the block: a file is either read or refused, and nothing in between.

    `warnings.catch_warnings` alone would not do. The filters belong to the whole process, and two
    threads that save and restore them in turns can leave them changed for good. Here the first to
    come in saves them, and the last to leave restores them.
    """
    global _inside, _saved
    with _lock:
        if not _inside:
            _saved = warnings.catch_warnings(action="ignore")
            _saved.__enter__()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _saved.__exit__(None, None, None)
