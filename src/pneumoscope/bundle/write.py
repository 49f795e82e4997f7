"""Writing a bundle, which is complete or absent."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from secrets import token_hex

from pneumoscope.bundle.info import SCHEMA_VERSION, BundleInfo
from pneumoscope.bundle.layout import GATE, MANIFEST, former
from pneumoscope.errors import storage_errors
from pneumoscope.files import sha256_of
from pneumoscope.gate import TrainingDistance
from pneumoscope.gate.store import pack_distances
from pneumoscope.imaging import RECIPE

_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


@contextmanager
def new_bundle(root: Path, info: BundleInfo) -> Iterator[Path]:
    """Yields a folder to fill, and makes it the bundle `root` when the block ends without error.

    A former bundle is replaced, and stays as it was if an error occurs.

    Args:
        root: folder of the bundle.
        info: description of the model.

    Raises:
        StorageError: if the bundle cannot be written; no part of it is left.
    """
    temporary = root.with_name(f".{root.name}.{token_hex(8)}.part")
    try:
        with storage_errors("write", root):
            temporary.mkdir(parents=True)
            yield temporary
            manifest = {
                "schema_version": SCHEMA_VERSION,
                "recipe": RECIPE,
                **asdict(info),
                "files": {
                    path.relative_to(temporary).as_posix(): sha256_of(path)
                    for path in sorted(temporary.rglob("*"))
                    if path.is_file()
                },
            }
            text = json.dumps(manifest, indent=2) + "\n"
            (temporary / MANIFEST).write_text(text, encoding="utf-8")
            _put_in_place(temporary, root)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_gate(folder: Path, distances: Mapping[str, TrainingDistance]) -> None:
    """Writes the file that `Bundle.distances` reads into a bundle that is being made."""
    (folder / GATE).write_bytes(pack_distances(distances))


def _put_in_place(temporary: Path, root: Path) -> None:
    """Makes a filled folder the bundle, in one step where the system can exchange two folders.

    Elsewhere the former bundle is moved aside first. If the process is killed just then,
    `find_bundle` finds it there, and the next bundle removes it.
    """
    _sync(temporary)
    if not root.exists():
        temporary.rename(root)
    elif not _exchange(temporary, root):
        aside = root.with_name(f".{root.name}.{token_hex(8)}.former")
        root.rename(aside)
        try:
            temporary.rename(root)
        except OSError:
            aside.rename(root)
            raise
    _sync_folder(root.parent)
    for aside in former(root):
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two folders in one step, by renameat2 of Linux; False where there is none."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    names = os.fsencode(one), os.fsencode(other)
    return rename is not None and rename(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0


def _sync(folder: Path) -> None:
    """Waits until the files of a folder are on the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        else:
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not on every system
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
