"""Reading the files of a bundle: within its folder and size limits, each checked by its hash."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any

from pneumoscope.bundle.layout import CARD, GATE, MANIFEST, NETWORK, REFERENCE, REMEDY, SEEN
from pneumoscope.errors import (
    BundleCorruptError,
    BundleError,
    BundleMissingError,
    PneumoscopeError,
    storage_errors,
)

# Greatest size of each file, in bytes. Files not named here are hashed, and not kept in memory.
LIMITS = {
    MANIFEST: 4_000_000,
    NETWORK: 1_000_000_000,
    SEEN: 200_000_000,
    REFERENCE: 4_000_000,
    GATE: 200_000_000,
    CARD: 4_000_000,
}
_OTHER = 4_000_000_000
_MOST_FILES = 1000
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def making_sense_of(path: Path) -> Iterator[None]:
    """Turns any error of a parser of an untrusted file into a `BundleCorruptError`.

    Args:
        path: path of the file, for the error.

    Raises:
        BundleCorruptError: if the block raises an error other than a `BundleError`.
    """
    try:
        yield
    except BundleError:
        raise
    except Exception as error:
        said = error.problem if isinstance(error, PneumoscopeError) else repr(error)[:200]
        raise BundleCorruptError(
            f"{path} makes no sense: {said}", remedy=REMEDY, values={"path": str(path)}
        ) from error


def read_manifest(root: Path) -> dict[str, Any]:
    """Reads `bundle.json`.

    Args:
        root: folder of the bundle.

    Raises:
        BundleMissingError: if the file is not there.
        BundleCorruptError: if the file holds no JSON object.
        StorageError: if the file cannot be read.
    """
    path = root / MANIFEST
    try:
        data = _read(root, MANIFEST)
    except BundleMissingError as error:
        if (root / "settings.json").is_file():
            raise BundleMissingError(
                f"The run {root} has no bundle yet",
                expected="a run of which at least one epoch has ended",
                remedy=f'Go on with it: `pneumoscope.resume("{root}")`',
                code="bundle-unfinished",
                values={"path": str(root)},
            ) from error
        raise BundleMissingError(
            f"There is no bundle at {root}",
            expected=f"a folder with {MANIFEST} in it",
            received="nothing there" if not root.exists() else "",
            remedy="Give the bundle folder that `pneumoscope.train` wrote",
            values={"path": str(root)},
        ) from error
    with making_sense_of(path):
        manifest = json.loads(data)
    if not isinstance(manifest, dict):
        raise BundleCorruptError(
            f"{path} holds no JSON object", remedy=REMEDY, values={"path": str(path)}
        )
    return manifest


def read_files(root: Path, listed: Mapping[str, str]) -> dict[str, bytes]:
    """Reads and checks each listed file, and returns those that are used later, by name.

    Args:
        root: folder of the bundle.
        listed: SHA-256 of each file in hex, by its path relative to the folder.

    Raises:
        BundleMissingError: if a file is not there.
        BundleCorruptError: if one has changed, is too large, or lies elsewhere.
        StorageError: if one cannot be read.
    """
    _check_list(root, listed)
    found = {}
    for name, expected in listed.items():
        data, received = _hashed(root, name)
        if received != expected:
            raise BundleCorruptError(
                f"{root / name} has changed since the bundle was made",
                expected=f"SHA-256 {expected[:12]}…",
                received=f"{received[:12]}…",
                remedy=REMEDY,
                values={"path": str(root / name), "expected": expected, "received": received},
            )
        if data is not None:
            found[name] = data
    return found


def _check_list(root: Path, listed: Mapping[str, str]) -> None:
    path = root / MANIFEST
    if not isinstance(listed, dict) or len(listed) > _MOST_FILES:
        raise BundleCorruptError(f"{path} does not list {_MOST_FILES} files at most", remedy=REMEDY)
    for name, expected in listed.items():
        if not _is_inside(name) or not isinstance(expected, str):
            raise BundleCorruptError(
                f"{path} lists {name[:200]!r}",
                expected="names of files inside the bundle, with their SHA-256",
                remedy=REMEDY,
            )
    for name in (NETWORK, SEEN):
        if name not in listed:
            raise BundleCorruptError(f"{path} does not list {name}", remedy=REMEDY)


def _is_inside(name: str) -> bool:
    """Tells whether a name is a plain relative path into the folder on every system."""
    parts = name.split("/")
    return (
        name.isprintable() and not set(name) & set('\\:*?"<>|') and not {"", ".", ".."} & {*parts}
    )


def _hashed(root: Path, name: str) -> tuple[bytes | None, str]:
    """Reads a file and its SHA-256; the content is None if it is not used later."""
    if name in LIMITS:
        data = _read(root, name)
        return data, hashlib.sha256(data).hexdigest()
    with _opened(root, name, _OTHER) as file:
        return None, hashlib.file_digest(file, "sha256").hexdigest()


def _read(root: Path, name: str) -> bytes:
    with _opened(root, name, LIMITS[name]) as file:
        data = file.read(LIMITS[name] + 1)
    if len(data) > LIMITS[name]:  # it has grown
        raise BundleCorruptError(f"{root / name} is too large", remedy=REMEDY)
    return data


@contextmanager
def _opened(root: Path, name: str, limit: int) -> Iterator[BufferedReader]:
    """Opens a regular file inside the bundle, without waiting for pipes or devices."""
    path = root.joinpath(*PurePosixPath(name).parts)
    with storage_errors("read", path):
        try:
            descriptor = os.open(path, _FLAGS)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BundleMissingError(
                f"{path} is missing from the bundle", remedy=REMEDY, values={"path": str(path)}
            ) from error
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            inside = os.path.realpath(path).startswith(os.path.realpath(root) + os.sep)
            if not (stat.S_ISREG(status.st_mode) and inside and status.st_size <= limit):
                raise BundleCorruptError(
                    f"{path} cannot be part of a bundle",
                    expected=f"a file of at most {limit:,} bytes inside the bundle",
                    received=f"{status.st_size:,} bytes at {os.path.realpath(path)}",
                    remedy=REMEDY,
                )
            yield file
