"""Results are never written over those of another model or other data.

Each carries one digest of what it was made of: JSON as `made_of`, pages as a meta element, model
cards as a comment, pictures as a text of PNG. It is looked for in what is about to be replaced.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pneumoscope.errors import SettingsError, storage_errors


def digest(*parts: str) -> str:
    """One SHA-256, in hex, of what a result is made of.

    Args:
        parts: SHA-256 of the models in order, and what tells the data from others.
    """
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def require_own(path: Path, made_of: str) -> None:
    """Refuses to replace a file that was made of something else.

    Args:
        path: what is going to be written.
        made_of: the digest of what it will be made of.

    Raises:
        SettingsError: if a file is there that does not carry this digest.
        StorageError: if it cannot be read.
    """
    if not path.is_file():
        return
    with storage_errors("read", path):
        former = path.read_bytes()
    if made_of.encode() not in former:
        raise SettingsError(
            f"{path} is there already, and was made of something else",
            expected="a result of the same model and the same data",
            remedy="Choose another place for the output, or delete this one",
            code="output-occupied",
            values={"path": str(path)},
        )
