"""Making a bundle: whole or absent."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from pneumoscope.bundle.info import SCHEMA_VERSION, BundleInfo
from pneumoscope.bundle.layout import MANIFEST
from pneumoscope.errors import storage_errors
from pneumoscope.files import sha256_of
from pneumoscope.imaging import RECIPE


@contextmanager
def new_bundle(root: Path, info: BundleInfo) -> Iterator[Path]:
    """Hands out a folder to fill, and makes it the bundle `root` when the block ends well.

    A bundle that stood there before is replaced, and stays as it was if anything fails.

    Args:
        root: where the bundle shall stand.
        info: what it is.

    Raises:
        StorageError: if it cannot be written; nothing is left then.
    """
    temporary = root.with_name(f".{root.name}.{os.getpid()}.part")
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


def _put_in_place(temporary: Path, root: Path) -> None:
    if not root.exists():
        temporary.rename(root)
        return
    former = root.with_name(f".{root.name}.{os.getpid()}.former")
    root.rename(former)
    try:
        temporary.rename(root)
    except OSError:
        former.rename(root)
        raise
    shutil.rmtree(former, ignore_errors=True)
