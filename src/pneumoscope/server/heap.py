"""Memory of a process that runs for months: what it has freed goes back to the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# Parameters of `mallopt` in glibc, and their values.
_MMAP_THRESHOLD, _LARGE = -3, 2**17  # bytes: files and pictures, and little else
_ARENA_MAX, _HEAPS = -8, 2


def return_large_blocks() -> None:
    """Makes large blocks of memory return to the system as soon as they are freed.

    The library of C under Linux (glibc) keeps freed blocks of up to 32 MiB for the next of their
    size, in a heap for each thread. Where files and pictures of all sizes come and go on several
    threads, holes remain between those that are kept, and the process grows for hours. Elsewhere
    this does nothing. It is called before threads are started.
    """
    with suppress(AttributeError, OSError, TypeError):  # another library, or none of that name
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_ARENA_MAX, _HEAPS)
