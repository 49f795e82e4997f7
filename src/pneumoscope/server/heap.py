"""Memory of a process that runs for months: what it has freed goes back to the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_MMAP_THRESHOLD = -3  # of `mallopt` in glibc
_LARGE = 2**20  # bytes, of a file or a picture


def return_large_blocks() -> None:
    """Makes large blocks of memory return to the system as soon as they are freed.

    The library of C under Linux (glibc) keeps freed blocks for the next of their size, up to 32 MiB
    each. Where files and pictures of all sizes come and go on several threads, holes remain
    between those that are kept, and the process grows for hours. Elsewhere this does nothing.
    """
    with suppress(AttributeError, OSError, TypeError):  # another library, or none of that name
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)
