"""Pseudonyms of patient identifiers and file names: keyed hashes, which reveal nothing of them.

A patient identifier is personal data. It is replaced as soon as it is read by a hash under a
secret key that never leaves this user's data folder: `docs/adr/0011-sources.md`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path

from pneumoscope.errors import DataError, StorageError
from pneumoscope.folders import data_folder, locate_data

_SECRET = "patient.key"
_BYTES = 32
_PATIENT, _FILE, _UID = "patient ", "file-", "uid-"


def pseudonym(identifier: str, issuer: str = "") -> str:
    """Computes the key of a patient: the same for one identifier under the same secret key.

    Args:
        identifier: patient identifier, as the hospital or a manifest gives it.
        issuer: issuer of the identifier, if known; one identifier of two issuers is two patients.

    Returns:
        The key, which no patient of a known data set has.

    Raises:
        DataError: if the secret key is damaged.
        StorageError: if the secret key cannot be read or created.
    """
    return f"{_PATIENT}{_keyed_hash(identifier, issuer)}"


def file_pseudonym(path: str) -> str:
    """Computes the key of a file, in characters that every file system takes.

    Raises:
        DataError, StorageError: as `pseudonym`.
    """
    return f"{_FILE}{_keyed_hash(path, _FILE)}"


def uid_pseudonym(uid: str) -> str:
    """Computes the key of a UID of DICOM: the same for one UID under the same secret key.

    Raises:
        DataError, StorageError: as `pseudonym`.
    """
    return f"{_UID}{_keyed_hash(uid, _UID)}"


def is_pseudonym(patient: str) -> bool:
    """Returns whether the key of a patient is a pseudonym, and so differs between users."""
    return patient.startswith((_PATIENT, _FILE))


def key_fingerprint() -> str:
    """Computes the fingerprint of the secret key, by which keys of two users are distinguished.

    Raises:
        DataError, StorageError: as `pseudonym`.
    """
    return hashlib.blake2b(_secret(), digest_size=8, person=b"fingerprint").hexdigest()


def is_own_key(fingerprint: str) -> bool:
    """Returns whether a fingerprint is that of the secret key of this user; none is created."""
    with suppress(OSError, StorageError, DataError):
        return (locate_data() / _SECRET).is_file() and key_fingerprint() == fingerprint
    return False


def _keyed_hash(identifier: str, issuer: str) -> str:
    # The length keeps "a" + "bc" from being "ab" + "c".
    text = f"{len(issuer)} {issuer}{identifier}".encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, key=_secret(), digest_size=16).hexdigest()


def _secret() -> bytes:
    with data_folder() as folder:
        return _read_secret(folder / _SECRET)


@cache
def _read_secret(path: Path) -> bytes:
    """Reads the secret key in `path`, created at the first use; only its user may read it."""
    if not path.exists():
        _make_secret(path)
    secret = path.read_bytes()
    if len(secret) != _BYTES:
        raise DataError(
            f"{path} is damaged",
            expected=f"{_BYTES} bytes",
            received=f"{len(secret)}",
            remedy="Restore it, or delete it: patients seen before are then not recognised",
        )
    return secret


def _make_secret(path: Path) -> None:
    """Creates a secret key that is complete from the first, unless there is another one by then.

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
