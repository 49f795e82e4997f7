"""Names of files in results, caches and messages: their paths, or keyed hashes.

A file name may hold the name of a patient. All output of file names uses this module.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pneumoscope.pseudonym import file_pseudonym

_hashed = False


@contextmanager
def hashed_names() -> Iterator[None]:
    """Names files by keyed hashes in the block, in all threads."""
    global _hashed
    before, _hashed = _hashed, True
    try:
        yield
    finally:
        _hashed = before


def names_are_hashed() -> bool:
    """Returns whether files are named by keyed hashes."""
    return _hashed


def public_name(path: Path | str, shown: str | None = None) -> str:
    """Returns the name of a file or folder; a hashed one is the same for a path however written.

    Args:
        path: path of the file or folder.
        shown: name where names are not hashed; by default the path.

    Raises:
        DataError, StorageError: as `pseudonym`, where names are hashed.
    """
    if _hashed:
        return file_pseudonym(os.path.abspath(path))
    return str(path) if shown is None else shown
