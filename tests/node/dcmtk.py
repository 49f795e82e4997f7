"""The programs of DCMTK."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest


def find_dcmtk(name: str) -> str:
    """Finds a program of DCMTK; skips the test where it is not installed.

    Pynetdicom brings programs of the same names, with other options, into the environment that the
    tests run in.
    """
    ours = Path(sys.executable).parent
    folders = [folder for folder in os.get_exec_path() if Path(folder) != ours]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        pytest.skip(f"{name} of DCMTK is not installed")
    return found
