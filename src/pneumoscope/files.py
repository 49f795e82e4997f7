"""Files that are whole or absent: written under a temporary name, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pneumoscope.errors import storage_errors


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Hands out a temporary name beside `path`, and renames it to `path` when the block ends well.

    Raises:
        StorageError: if writing fails; then nothing is left and `path` is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with storage_errors("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file, whole or not at all.

    Raises:
        StorageError: if it cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
