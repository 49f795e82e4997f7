"""Decoding without printed warnings, and without leniency for truncated files, in many threads."""

from __future__ import annotations

import ctypes
import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock

import PIL
from PIL import ImageFile

_lock = Lock()
_inside = 0
_saved = ExitStack()

# Without a handler of the user's, Python prints what these log.
for _library in ("pydicom", "PIL"):
    logging.getLogger(_library).addHandler(logging.NullHandler())


@contextmanager
def undisturbed() -> Iterator[None]:
    """Drops the warnings of the block, and makes Pillow refuse truncated files.

    A file is either read or refused, and nothing in between, whatever
    `ImageFile.LOAD_TRUNCATED_IMAGES` says outside.

    `warnings.catch_warnings` alone would not do. The filters belong to the whole process, and two
    threads that save and restore them in turns can leave them changed for good. Here the first to
    come in saves them, and the last to leave restores them.
    """
    global _inside
    with _lock:
        if not _inside:
            _saved.enter_context(warnings.catch_warnings(action="ignore"))
            lenient = ImageFile.LOAD_TRUNCATED_IMAGES
            _saved.callback(setattr, ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
            ImageFile.LOAD_TRUNCATED_IMAGES = False
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _saved.close()


def _silence_libtiff() -> None:
    """Removes the handlers of errors and warnings of the libtiff that comes with Pillow."""
    for library in (Path(PIL.__file__).parents[1] / "pillow.libs").glob("libtiff*"):
        with suppress(OSError, AttributeError):
            libtiff = ctypes.CDLL(str(library))
            for handler in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
                function = getattr(libtiff, handler)
                function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
                function(None)


_silence_libtiff()
