"""What files are called in results, caches and messages: by their paths, or by keyed hashes.

A file name may hold a patient's name. Whoever writes down or says what a file is called asks here.
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
    """Calls files by keyed hashes in the block, in all threads."""
    global _hashed
    before, _hashed = _hashed, True
    try:
        yield
    finally:
        _hashed = before


def names_are_hashed() -> bool:
    """Whether files are called by keyed hashes."""
    return _hashed


def public_name(path: Path | str, shown: str | None = None) -> str:
    """What a file or folder is called: the same wherever it is, fit for a file name if hashed.

    Args:
        path: of the file.
        shown: what it is called where names are not hashed; by default its path.

    Raises:
        DataError, StorageError: as `pseudonym`, where names are hashed.
    """
    if _hashed:
        return file_pseudonym(os.path.abspath(path))
    return str(path) if shown is None else shown
