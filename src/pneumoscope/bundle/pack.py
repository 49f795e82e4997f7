"""Packing a bundle into one file, in which it travels."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

from pneumoscope.bundle.layout import MANIFEST, REMEDY
from pneumoscope.errors import BundleCorruptError, storage_errors


def pack_bundle(root: Path, target: Path) -> None:
    """Writes the files of a bundle to a zip archive: the same bundle always gives the same bytes.

    `bundle.json`, which comes first, lists the SHA-256 of all others. Nothing is compressed, as
    weights hardly shrink.

    Args:
        root: folder of a bundle that was read without error.
        target: path of the archive.

    Raises:
        BundleCorruptError: if a file has changed since.
        StorageError: if a file cannot be read, or the archive cannot be written.
    """
    with storage_errors("pack", root), zipfile.ZipFile(target, "w") as archive:
        manifest = (root / MANIFEST).read_bytes()
        archive.writestr(_entry(MANIFEST), manifest)
        for name, sha256 in sorted(json.loads(manifest)["files"].items()):
            data = (root / name).read_bytes()
            if hashlib.sha256(data).hexdigest() != sha256:
                raise BundleCorruptError(f"{root / name} has changed meanwhile", remedy=REMEDY)
            archive.writestr(_entry(name), data)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # with a date that is always the same
    entry.create_system, entry.external_attr = 3, 0o100644 << 16
    return entry
