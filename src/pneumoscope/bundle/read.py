"""Reading a bundle: every file is checked, and none is executed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from pneumoscope.bundle.contents import making_sense_of, read_files, read_manifest
from pneumoscope.bundle.graph import check_graph
from pneumoscope.bundle.info import SCHEMA_VERSION, BundleInfo, parse_info
from pneumoscope.bundle.layout import CARD, GATE, MANIFEST, NETWORK, REFERENCE, REMEDY, SEEN, former
from pneumoscope.bundle.reference import parse_reference
from pneumoscope.bundle.seen import Seen
from pneumoscope.bundle.sense import check_info
from pneumoscope.errors import (
    BundleError,
    BundleMissingError,
    BundleSchemaError,
)
from pneumoscope.gate import TrainingDistance
from pneumoscope.gate.store import unpack_distances
from pneumoscope.imaging import RECIPE
from pneumoscope.statistics import Bins

_TRIES = 20  # for bundles that are replaced while they are read


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read and found complete.

    Attributes:
        root: folder that it was read from. It is not opened again, as another bundle may have
            taken its place.
        info: description of the model.
        files: content of the files that are used, by name.
        sha256: SHA-256 of `bundle.json`, which lists all files, in hex.
    """

    root: Path
    info: BundleInfo
    files: Mapping[str, bytes] = field(repr=False)
    sha256: str

    @property
    def network(self) -> bytes:
        """Network as an ONNX file, for ONNX Runtime."""
        return self.files[NETWORK]

    def seen(self) -> Seen:
        """Reads the hashes of the images and patients that the model was made with.

        Raises:
            BundleCorruptError: if the file is malformed.
        """
        with making_sense_of(self.root / SEEN):
            return Seen.parse(self.files[SEEN])

    def card(self) -> str:
        """Reads the model card, as Markdown.

        Raises:
            BundleMissingError: if the bundle has none.
            BundleCorruptError: if the model card is no text.
        """
        if CARD not in self.files:
            raise BundleMissingError(f"{self.root} has no model card", remedy=REMEDY)
        with making_sense_of(self.root / CARD):
            return self.files[CARD].decode("utf-8")

    def reference(self) -> dict[str, Bins] | None:
        """Reads the distributions of what is known of training and validation images.

        Returns:
            The bins by name, as `make_reference` returns them; None if the bundle has none.

        Raises:
            BundleCorruptError: if the file is malformed.
        """
        if REFERENCE not in self.files:
            return None
        with making_sense_of(self.root / REFERENCE):
            return parse_reference(self.files[REFERENCE])

    def distances(self) -> dict[str, TrainingDistance]:
        """Reads the distances from the training images, by kind of descriptor; none without gate.

        Raises:
            BundleCorruptError: if the file is malformed, or is not listed.
        """
        if self.info.gate is None:
            return {}
        with making_sense_of(self.root / GATE):
            return unpack_distances(self.files[GATE], self.info.gate)


def find_bundle(path: Path) -> Path | None:
    """Finds the folder of a bundle: `path`, or `bundle` in the run folder `path`, or None.

    If a replacement was interrupted, that is the folder to which the former bundle was moved.
    """
    folders = (path, path / "bundle")
    aside = (place for folder in folders for place in former(folder))
    for folder in chain(folders, aside, folders):  # the new one may have arrived meanwhile
        if os.path.isfile(folder / MANIFEST):  # False also without permission to look
            return folder
    return None


def read_bundle(root: Path) -> Bundle:
    """Reads a bundle once, and checks every file of it against its SHA-256.

    If another bundle replaces it meanwhile, that one is read: never a mixture of both.

    Args:
        root: folder of the bundle, or the run folder that holds it as `bundle`.

    Raises:
        BundleMissingError: if the bundle, or a file of it, is not there.
        BundleCorruptError: if a file has changed, or `bundle.json` or the network is malformed.
        BundleError: if this package could not have exported the network.
        BundleSchemaError: if a newer version made it, or one with another preprocessing.
        StorageError: if a file cannot be read.
    """
    for _ in range(_TRIES - 1):
        found = find_bundle(root) or root
        before = _identity(found)
        try:
            return _read_once(found)
        except BundleError:
            if _identity(found) == before and find_bundle(root) in (found, None):
                raise
    return _read_once(find_bundle(root) or root)


def read_description(root: Path) -> tuple[BundleInfo, str]:
    """Reads `bundle.json` alone, to list bundles: the files that it names are not looked at.

    Args:
        root: folder of the bundle, or the run folder that holds it as `bundle`.

    Returns:
        The description, and the SHA-256 of the bundle.

    Raises:
        BundleError: if there is no bundle, or its description is malformed or of a newer version.
        StorageError: if it cannot be read.
    """
    root = find_bundle(root) or root
    manifest = read_manifest(root)
    _require_readable(root, manifest)
    with making_sense_of(root / MANIFEST):
        return parse_info(manifest), _digest(manifest)


def _read_once(root: Path) -> Bundle:
    manifest = read_manifest(root)
    _require_readable(root, manifest)
    with making_sense_of(root / MANIFEST):
        files = manifest["files"]
        info = parse_info(manifest)
        check_info(info)
    content = read_files(root, files)
    check_graph(root / NETWORK, content[NETWORK], info)
    return Bundle(root, info, content, _digest(manifest))


def _digest(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _identity(folder: Path) -> tuple[int, int] | None:
    """Returns what identifies the folder at a path: something else after a replacement."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns


def _require_readable(root: Path, manifest: Mapping[str, Any]) -> None:
    schema = manifest.get("schema_version")
    if not isinstance(schema, int) or not 1 <= schema <= SCHEMA_VERSION:
        raise BundleSchemaError(
            f"{root} was made by a newer version of Pneumoscope",
            expected=f"schema {SCHEMA_VERSION} or older",
            received=f"{schema}"[:200],
            remedy="Upgrade with `pip install --upgrade pneumoscope`",
            values={"path": str(root), "expected": SCHEMA_VERSION, "received": f"{schema}"[:200]},
        )
    if manifest.get("recipe") != RECIPE:
        raise BundleSchemaError(
            f"{root} was made for images that were preprocessed otherwise",
            expected=f"preprocessing recipe {RECIPE}",
            received=f"{manifest.get('recipe')}"[:200],
            remedy=f"{REMEDY}, or install the version of Pneumoscope that made it",
            code="bundle-of-another-recipe",
            values={"path": str(root), "expected": RECIPE},
        )
