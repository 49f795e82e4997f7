"""What libraries read from the environment, before any of them is imported.

Set for the command line only: what a program that imports Pneumoscope wants is its own affair.
"""

from __future__ import annotations

import os


def settle() -> None:
    """Keeps algebra to one thread, unless the user says else.

    OpenBLAS's threads spin while they wait, and its products here are too small to be shared out:
    the cores are kept busy by images.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
