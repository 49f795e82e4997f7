"""What libraries read from the environment, before any of them is imported.

Set for the command line only: what a program that imports Pneumoscope wants is its own affair.
"""

from __future__ import annotations

import os
from contextlib import suppress

from pneumoscope.errors import StorageError
from pneumoscope.folders import locate_cache


def settle() -> None:
    """Keeps algebra to one thread and libraries to our cache, unless the user says else.

    OpenBLAS's threads spin while they wait, and its products here are too small to be shared out:
    the cores are kept busy by images. Matplotlib and Keras would also take up settings in the
    user's home folder, and make others.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with suppress(StorageError):  # no home folder: then they have a temporary one
        os.environ.setdefault("MPLCONFIGDIR", str(locate_cache() / "matplotlib"))
        os.environ.setdefault("KERAS_HOME", str(locate_cache() / "keras"))
