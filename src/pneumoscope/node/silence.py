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

_LIBRARIES = ("PIL", "dicomweb_client", "highdicom", "pydicom", "pynetdicom", "requests", "urllib3")


@contextmanager
def silenced(tell: Observer) -> Iterator[None]:
    """Drops what libraries log and warn of in the block, and what ends a thread, in all threads.

    Args:
        tell: function that is told of an exception that nothing has caught.
    """

    def caught(error: type[BaseException] | None, trace: TracebackType | None) -> None:
        tell(Failed(error.__name__ if error else "", _place(trace)))

    def end_of_thread(args: threading.ExceptHookArgs) -> None:
        caught(args.exc_type, args.exc_traceback)

    def end_of_object(args: sys.UnraisableHookArgs) -> None:
        caught(args.exc_type, args.exc_traceback)

    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings(action="ignore"))
        for library in _LIBRARIES:
            logger = logging.getLogger(library)
            _set(stack, logger, propagate=False, handlers=[logging.NullHandler()])
            # Nothing is put into words for nobody.
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL + 1)
        _set(stack, threading, excepthook=end_of_thread)
        _set(stack, sys, unraisablehook=end_of_object)
        yield


def _set(stack: ExitStack, owner: Any, **values: Any) -> None:
    """Sets attributes, until the end of the stack."""
    for name, value in values.items():
        stack.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)


def _place(trace: TracebackType | None) -> str:
    """Names the line of code that an exception was raised at."""
    frames = traceback.extract_tb(trace)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
