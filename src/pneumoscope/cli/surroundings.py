"""Environment variables that libraries read when they are imported.

They are set for the command line only: a program that imports Pneumoscope sets its own.
"""

from __future__ import annotations

import atexit
import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from pneumoscope.errors import StorageError
from pneumoscope.folders import locate_cache


def settle() -> None:
    """Limits OpenBLAS to one thread and keeps library files in our cache, unless set otherwise.

    OpenBLAS's threads spin while they wait, and its products here are too small to be divided:
    the cores are kept busy by images. Matplotlib and Keras would also read settings from the
    user's home folder, and write others there; where they cannot, Matplotlib warns.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with suppress(OSError):  # no temporary folder either
        folder = _find_cache() or _make_temporary()
        os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
        os.environ.setdefault("KERAS_HOME", str(folder / "keras"))


def _find_cache() -> Path | None:
    """Returns the folder of the cache, or None where it is not there and cannot be made."""
    with suppress(StorageError):  # no home folder
        folder = locate_cache()
        there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
        if os.access(there, os.W_OK | os.X_OK):
            return folder
    return None


def _make_temporary() -> Path:
    folder = mkdtemp(prefix="pneumoscope-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
