"""Environment variables that libraries read when they are imported.

They are set for the command line only: a program that imports Pneumoscope sets its own.
"""

from __future__ import annotations

import os
from contextlib import suppress

from pneumoscope.errors import StorageError
from pneumoscope.folders import locate_cache


def settle() -> None:
    """Limits OpenBLAS to one thread and keeps library files in our cache, unless set otherwise.

    OpenBLAS's threads spin while they wait, and its products here are too small to be divided:
    the cores are kept busy by images. Matplotlib and Keras would also read settings from the
    user's home folder, and write others there.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with suppress(StorageError):  # no home folder: then libraries make a temporary one
        os.environ.setdefault("MPLCONFIGDIR", str(locate_cache() / "matplotlib"))
        os.environ.setdefault("KERAS_HOME", str(locate_cache() / "keras"))
