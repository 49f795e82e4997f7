"""Identifiers of patients, and names of files, to keys that tell nothing of them.

A hospital's number for a patient is personal data. It is replaced, the moment it is read, by a
keyed hash under a secret that never leaves this user's data folder: `docs/adr/0011-sources.md`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from functools import cache
from pathlib import Path

from pneumoscope.errors import DataError
from pneumoscope.folders import data_folder

_BYTES = 32
_PATIENT, _FILE = "patient ", "file-"


def pseudonym(identifier: str, issuer: str = "") -> str:
    """The key of a patient: the same for the same identifier wherever this secret is.

    Args:
        identifier: as the hospital or a manifest gives it.
        issuer: who gave it, where that is known; the same number of two issuers is two patients.

    Returns:
        A key that no patient of a known data set has.

    Raises:
        DataError: if the secret was damaged.
        StorageError: if it cannot be read or made.
    """
    return f"{_PATIENT}{_keyed_hash(identifier, issuer)}"


def file_pseudonym(path: str) -> str:
    """The key of a file, likewise, of characters that every file system takes.

    Raises:
        DataError, StorageError: as `pseudonym`.
    """
    return f"{_FILE}{_keyed_hash(path, _FILE)}"


def is_pseudonym(patient: str) -> bool:
    """Whether a patient's key was made here, and so is another one for every user."""
    return patient.startswith((_PATIENT, _FILE))


def key_fingerprint() -> str:
    """What tells whether two keys of patients were made under the same secret, and nothing else.

    Raises:
        DataError, StorageError: as `pseudonym`.
    """
    return hashlib.blake2b(_secret(), digest_size=8, person=b"fingerprint").hexdigest()


def _keyed_hash(identifier: str, issuer: str) -> str:
    # The length keeps "a" + "bc" from being "ab" + "c".
    text = f"{len(issuer)} {issuer}{identifier}".encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, key=_secret(), digest_size=16).hexdigest()


def _secret() -> bytes:
    with data_folder() as folder:
        return _read_secret(folder / "patient.key")


@cache
def _read_secret(path: Path) -> bytes:
    """The secret in `path`, made by the first one who asks; nobody else may read it."""
    if not path.exists():
        _make_secret(path)
    secret = path.read_bytes()
    if len(secret) != _BYTES:
        raise DataError(
            f"{path} is damaged",
            expected=f"{_BYTES} bytes",
            received=f"{len(secret)}",
            remedy="Restore it, or delete it: patients seen before are then not known again",
        )
    return secret


def _make_secret(path: Path) -> None:
    """Makes a secret that is whole from its first moment on, unless another one is there by then.

    Several threads and processes may be the first to ask.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        except OSError:  # a disk that knows no hard links
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
