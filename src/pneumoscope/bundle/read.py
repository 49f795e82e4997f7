"""Reading a bundle: every file is checked, and nothing of it executed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pneumoscope.bundle.info import SCHEMA_VERSION, BundleInfo, parse_info
from pneumoscope.bundle.layout import CARD, MANIFEST, NETWORK, REMEDY, SEEN
from pneumoscope.bundle.seen import Seen
from pneumoscope.bundle.spread import read_gate, read_reference
from pneumoscope.errors import (
    BundleCorruptError,
    BundleMissingError,
    BundleSchemaError,
    storage_errors,
)
from pneumoscope.files import sha256_of
from pneumoscope.imaging import RECIPE

if TYPE_CHECKING:
    from pneumoscope.statistics import Bins, Familiarity


@dataclass(frozen=True)
class Bundle:
    """A bundle that was found whole."""

    root: Path
    info: BundleInfo

    @property
    def onnx(self) -> Path:
        """The network for ONNX Runtime."""
        return self.root / NETWORK

    def seen(self) -> Seen:
        """Which images and patients the model was made with."""
        return Seen.read(self.root)

    def card(self) -> str:
        """The model card, as Markdown.

        Raises:
            BundleMissingError: if the bundle has none.
        """
        path = self.root / CARD
        if not path.is_file():
            raise BundleMissingError(f"{self.root} has no model card", remedy=REMEDY)
        return path.read_text("utf-8")

    def reference(self) -> dict[str, Bins] | None:
        """How training images and validation scores are spread; None if an older version made it.

        By name of an image fact, or "score".
        """
        return read_reference(self.root)

    def familiarities(self) -> dict[str, Familiarity]:
        """Where its training images lie, by what the gate measures; empty if it has no gate.

        Raises:
            BundleCorruptError: if the file makes no sense.
        """
        return {} if self.info.gate is None else read_gate(self.root, self.info.gate.warn)


def find_bundle(path: Path) -> Path | None:
    """The folder with the `bundle.json`: `path`, or `bundle` in the run folder `path`, or None."""
    for folder in (path, path / "bundle"):
        if os.path.isfile(folder / MANIFEST):  # also where nothing may be looked into
            return folder
    return None


def read_bundle(root: Path) -> Bundle:
    """Reads a bundle, and checks every file of it against its SHA-256.

    Args:
        root: the bundle, or the run folder that holds it as `bundle`.

    Raises:
        BundleMissingError: if it, or a file of it, is not there.
        BundleCorruptError: if a file has changed, or `bundle.json` makes no sense.
        BundleSchemaError: if a newer version made it, or one that preprocesses otherwise.
    """
    root = find_bundle(root) or root
    manifest = _read_manifest(root)
    _require_readable(root, manifest)
    try:
        _verify(root, manifest["files"])
        info = parse_info(manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleCorruptError(
            f"{root / MANIFEST} makes no sense: {error!r}", remedy=REMEDY
        ) from error
    return Bundle(root, info)


def _read_manifest(root: Path) -> dict[str, Any]:
    path = root / MANIFEST
    if not path.is_file():
        raise BundleMissingError(
            f"There is no bundle at {root}",
            expected=f"a folder with {MANIFEST} in it",
            received="nothing there" if not root.exists() else "",
            remedy="Give the bundle folder that `pneumoscope train` printed",
        )
    try:
        with storage_errors("read", path):
            manifest = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BundleCorruptError(f"{path} is no JSON: {error}", remedy=REMEDY) from error
    if not isinstance(manifest, dict):
        raise BundleCorruptError(f"{path} holds no JSON object", remedy=REMEDY)
    return manifest


def _require_readable(root: Path, manifest: Mapping[str, Any]) -> None:
    schema = manifest.get("schema_version")
    if not isinstance(schema, int) or schema > SCHEMA_VERSION:
        raise BundleSchemaError(
            f"{root} was made by a newer version of Pneumoscope",
            expected=f"schema {SCHEMA_VERSION} or older",
            received=f"{schema}",
            remedy="Upgrade with `pip install --upgrade pneumoscope`",
        )
    if manifest.get("recipe") != RECIPE:
        raise BundleSchemaError(
            f"{root} was made for images that were preprocessed otherwise",
            expected=f"preprocessing recipe {RECIPE}",
            received=f"{manifest.get('recipe')}",
            remedy=f"{REMEDY}, or install the version of Pneumoscope that made it",
        )


def _verify(root: Path, files: Mapping[str, str]) -> None:
    for name in (NETWORK, SEEN):
        if name not in files:
            raise BundleCorruptError(f"{root / MANIFEST} does not list {name}", remedy=REMEDY)
    for name, expected in files.items():
        path = root / name
        if not path.is_file():
            raise BundleMissingError(f"{path} is missing from the bundle", remedy=REMEDY)
        with storage_errors("read", path):
            received = sha256_of(path)
        if received != expected:
            raise BundleCorruptError(
                f"{path} has changed since the bundle was made",
                expected=f"SHA-256 {expected[:12]}…",
                received=f"{received[:12]}…",
                remedy=REMEDY,
            )
