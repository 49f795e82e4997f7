"""Ctrl-C: one line and exit code 130, whatever it interrupts.

While a module is imported, Python and compiled code turn the exception that Ctrl-C raises into
others, or lose it. There the process ends at once: nothing that an import does needs cleaning up.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_EXIT_CODE = 130  # that of `InterruptedRunError`, whose import would take too long here
_IMPORTING = "<frozen importlib._bootstrap>"


def watch() -> None:
    """Makes Ctrl-C end the process during an import, and raise KeyboardInterrupt otherwise.

    Where Ctrl-C is ignored, as below `nohup`, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def ignore() -> None:
    """Ignores Ctrl-C from now on, so that Python ends undisturbed once all is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def leave() -> NoReturn:
    """Prints that the program was interrupted, and ends it at once."""
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, b"Interrupted.\n")
    os._exit(_EXIT_CODE)


def _interrupt(number: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            leave()
        frame = frame.f_back
    raise KeyboardInterrupt
