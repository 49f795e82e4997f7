"""Protection of results from being overwritten by those of another model or other data.

Each result holds a digest of its origin: JSON as `made_of`, pages as a meta element, model cards as
a comment, pictures as a text of PNG. A file is replaced only if it holds the same digest.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pneumoscope.errors import SettingsError, storage_errors


def digest(*parts: str) -> str:
    """Computes one SHA-256, in hex, of the models and the data of a result.

    Args:
        parts: SHA-256 of the models in order, and what identifies the data.
    """
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def require_own(path: Path, made_of: str) -> None:
    """Refuses to replace a file that was made of another model or other data.

    Args:
        path: path of the file to be written.
        made_of: digest of the models and the data of the new result.

    Raises:
        SettingsError: if a file is there that does not hold this digest.
        StorageError: if the file cannot be read.
    """
    if not path.is_file():
        return
    with storage_errors("read", path):
        former = path.read_bytes()
    if made_of.encode() not in former:
        raise occupied(path)


def occupied(path: Path) -> SettingsError:
    """Makes the error for a file that must not be replaced."""
    return SettingsError(
        f"{path} is there already, and was made of something else",
        expected="a result of the same model and the same data",
        remedy="Choose another place for the output, or delete this one",
        code="output-occupied",
        values={"path": str(path)},
    )
