"""Silence of the libraries that a node works with: what they log may quote a header.

At its levels of debugging, pynetdicom logs whole messages; warnings of pydicom quote values, and so
do the exceptions of all of them, which Python prints where a thread ends by one.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from pneumoscope.node.events import Failed, Observer


@contextmanager
def silenced(tell: Observer) -> Iterator[None]:
    """Drops what libraries log and warn of in the block, and what ends a thread, in all threads.

    Args:
        tell: function that is told of an exception that nothing has caught.
    """

    def end_of_thread(args: threading.ExceptHookArgs) -> None:
        tell(_failure(args.exc_type, args.exc_traceback))

    def end_of_object(args: sys.UnraisableHookArgs) -> None:
        tell(_failure(args.exc_type, args.exc_traceback))

    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings(action="ignore"))
        stack.callback(logging.disable, logging.root.manager.disable)
        logging.disable(sys.maxsize)
        _set(stack, threading, excepthook=end_of_thread)
        _set(stack, sys, unraisablehook=end_of_object)
        yield


def _set(stack: ExitStack, owner: Any, **values: Any) -> None:
    """Sets attributes, until the end of the stack."""
    for name, value in values.items():
        stack.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)


def _failure(error: type[BaseException], trace: TracebackType | None) -> Failed:
    """Makes the event of an exception, from its class and the line of code that raised it."""
    frames = traceback.extract_tb(trace)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Failed(error.__name__, place)
