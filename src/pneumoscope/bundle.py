"""The bundle: the folder that training makes and everything after it uses.

    bundle.json      what the model is, and the SHA-256 of every other file
    model.onnx       the network, for prediction: probabilities, class-activation maps, features
    model.keras      the same network, for further training; not in models that ship
    seen.json        keyed hashes of the images and patients that it was made with
    reference.json   how its training images and validation scores are spread, in quantiles
    gate.npz         where its training images lie: means and covariances of what the gate measures
    MODEL_CARD.md    what it is for, and what it is not for
    figures/         pictures of its training

A bundle is whole or absent. Reading one checks every file and executes nothing of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from pneumoscope.errors import (
    BundleCorruptError,
    BundleMissingError,
    BundleSchemaError,
    ClassMismatchError,
    SettingsError,
    storage_errors,
)
from pneumoscope.files import sha256_of
from pneumoscope.imaging import RECIPE
from pneumoscope.types import (
    Calibration,
    Estimate,
    GateLevel,
    GateLevels,
    Geometry,
    ImageRecord,
    OperatingPoint,
    Split,
    Undecided,
)

if TYPE_CHECKING:
    from pneumoscope.statistics import Bins, Familiarity

SCHEMA_VERSION = 3  # 1 has no calibration, 2 no gate that could be used
_MANIFEST = "bundle.json"
_NETWORK = "model.onnx"
_SEEN = "seen.json"
_CARD = "MODEL_CARD.md"
_REFERENCE = "reference.json"
_GATE = "gate.npz"
_REMEDY = "Make the bundle again with `pneumoscope train`, or copy it again from where it came"


@dataclass(frozen=True)
class BundleInfo:
    """What a model is, as kept in `bundle.json`.

    Attributes:
        name: of the model.
        version: of Pneumoscope, which made it.
        architecture: name of the network.
        classes: class names in the order of the network's outputs; the first is the reference.
        geometry: the image size that it reads.
        operating_points: the thresholds that it offers; the first is the default.
        seed: that made it.
        command: that made it.
        settings: of the training, as resolved.
        training_data: fingerprint, counts by split and class, attributions.
        metrics: of the best epoch, on the validation patients.
        versions: of the libraries that made it.
        calibration: what its probabilities hold for; None if it was made before there was any.
        gate: from which distances on images are warned of and refused; None if it was made
            before there were any, or with too few images.
    """

    name: str
    version: str
    architecture: str
    classes: tuple[str, ...]
    geometry: Geometry
    operating_points: tuple[OperatingPoint, ...]
    seed: int
    command: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    training_data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    calibration: Calibration | None = None
    gate: GateLevels | None = None

    def operating_point(self, name: str | None = None) -> OperatingPoint:
        """The operating point of this name; the default one if no name is given.

        Raises:
            SettingsError: if there is none.
        """
        names = [point.name for point in self.operating_points]
        if name is not None and name not in names:
            raise SettingsError(
                f"The model {self.name} has no such operating point",
                expected=" or ".join(names),
                received=name,
            )
        return self.operating_points[0 if name is None else names.index(name)]

    def require_classes(self, classes: tuple[str, ...], where: Path) -> None:
        """Refuses data of another class set.

        Raises:
            ClassMismatchError: if `classes` are not those of the bundle.
        """
        if classes != self.classes:
            raise ClassMismatchError(
                f"The classes of {where} are not those of the bundle",
                expected=", ".join(self.classes),
                received=", ".join(classes),
                remedy="Name the classes of the data as those of the bundle if they mean the same, "
                "in folders or a CSV manifest, or use a bundle that was trained on these",
            )


@dataclass(frozen=True)
class Bundle:
    """A bundle that was found whole."""

    root: Path
    info: BundleInfo

    @property
    def onnx(self) -> Path:
        """The network for ONNX Runtime."""
        return self.root / _NETWORK

    def seen(self) -> Seen:
        """Which images and patients the model was made with."""
        content = json.loads((self.root / _SEEN).read_text("utf-8"))
        return Seen(content["key"], frozenset(content["images"]), frozenset(content["patients"]))

    def card(self) -> str:
        """The model card, as Markdown.

        Raises:
            BundleMissingError: if the bundle has none.
        """
        path = self.root / _CARD
        if not path.is_file():
            raise BundleMissingError(f"{self.root} has no model card", remedy=_REMEDY)
        return path.read_text("utf-8")

    def reference(self) -> dict[str, Bins] | None:
        """How training images and validation scores are spread; None if an older version made it.

        By name of an image fact, or "score".
        """
        from pneumoscope.statistics import Bins

        path = self.root / _REFERENCE
        if not path.is_file():
            return None
        content = json.loads(path.read_text("utf-8"))
        return {name: Bins.from_json(bins) for name, bins in content.items()}

    def familiarities(self) -> dict[str, Familiarity]:
        """Where its training images lie, by what the gate measures; empty if it has no gate.

        Raises:
            BundleCorruptError: if the file makes no sense.
        """
        import numpy as np

        from pneumoscope.statistics import Familiarity

        if self.info.gate is None:
            return {}
        path = self.root / _GATE
        try:
            with np.load(path, allow_pickle=False) as content:
                return {
                    name: Familiarity(content[f"{name}_means"], content[f"{name}_whitening"])
                    for name in self.info.gate.warn
                }
        except (OSError, KeyError, ValueError, BadZipFile) as error:
            raise BundleCorruptError(f"{path} makes no sense: {error}", remedy=_REMEDY) from error


@dataclass(frozen=True)
class Seen:
    """Keyed hashes of the images and patients that a model was trained or chosen on.

    They let anybody who has an image tell whether the model knows it, and nobody else tell whose
    images these were.
    """

    key: str
    images: frozenset[str]
    patients: frozenset[str]

    @classmethod
    def of(cls, key: str, records: Iterable[ImageRecord]) -> Seen:
        """Remembers the training and validation images among `records`.

        Args:
            key: anything that is particular to the data set, such as its fingerprint.
            records: with splits and source hashes.
        """
        used = [record for record in records if record.split is not Split.TEST]
        return cls(
            key,
            frozenset(_digest(key, record.sha256) for record in used),
            frozenset(_digest(key, record.patient) for record in used if record.patient_known),
        )

    def has_image(self, sha256: str) -> bool:
        """Whether the model was made with the image of this source hash."""
        return _digest(self.key, sha256) in self.images

    def has_patient(self, patient: str) -> bool:
        """Whether the model was made with images of this patient."""
        return _digest(self.key, patient) in self.patients

    def write(self, folder: Path) -> None:
        """Writes itself into a bundle that is being made."""
        content = {
            "key": self.key,
            "images": sorted(self.images),
            "patients": sorted(self.patients),
        }
        (folder / _SEEN).write_text(json.dumps(content), encoding="utf-8")


def write_reference(folder: Path, reference: Mapping[str, Bins]) -> None:
    """Writes what `Bundle.reference` reads into a bundle that is being made."""
    content = {name: bins.to_json() for name, bins in reference.items()}
    (folder / _REFERENCE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def write_gate(folder: Path, familiarities: Mapping[str, Familiarity]) -> None:
    """Writes what `Bundle.familiarities` reads into a bundle that is being made."""
    import numpy as np

    arrays = {}
    for name, found in familiarities.items():
        arrays[f"{name}_means"], arrays[f"{name}_whitening"] = found.means, found.whitening
    np.savez(folder / _GATE, allow_pickle=False, **arrays)


def _digest(key: str, text: str) -> str:
    return hashlib.blake2b(text.encode(), key=key.encode()[:64], digest_size=8).hexdigest()


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
            (temporary / _MANIFEST).write_text(text, encoding="utf-8")
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


def find_bundle(path: Path) -> Path | None:
    """The folder with the `bundle.json`: `path`, or `bundle` in the run folder `path`, or None."""
    for folder in (path, path / "bundle"):
        if os.path.isfile(folder / _MANIFEST):  # also where nothing may be looked into
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
            remedy=f"{_REMEDY}, or install the version of Pneumoscope that made it",
        )
    try:
        _verify(root, manifest["files"])
        info = _parse(manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleCorruptError(
            f"{root / _MANIFEST} makes no sense: {error!r}", remedy=_REMEDY
        ) from error
    return Bundle(root, info)


def _read_manifest(root: Path) -> dict[str, Any]:
    path = root / _MANIFEST
    if not path.is_file():
        raise BundleMissingError(
            f"There is no bundle at {root}",
            expected=f"a folder with {_MANIFEST} in it",
            received="nothing there" if not root.exists() else "",
            remedy="Give the bundle folder that `pneumoscope train` printed",
        )
    try:
        with storage_errors("read", path):
            manifest = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BundleCorruptError(f"{path} is no JSON: {error}", remedy=_REMEDY) from error
    if not isinstance(manifest, dict):
        raise BundleCorruptError(f"{path} holds no JSON object", remedy=_REMEDY)
    return manifest


def _verify(root: Path, files: Mapping[str, str]) -> None:
    for name in (_NETWORK, _SEEN):
        if name not in files:
            raise BundleCorruptError(f"{root / _MANIFEST} does not list {name}", remedy=_REMEDY)
    for name, expected in files.items():
        path = root / name
        if not path.is_file():
            raise BundleMissingError(f"{path} is missing from the bundle", remedy=_REMEDY)
        with storage_errors("read", path):
            received = sha256_of(path)
        if received != expected:
            raise BundleCorruptError(
                f"{path} has changed since the bundle was made",
                expected=f"SHA-256 {expected[:12]}…",
                received=f"{received[:12]}…",
                remedy=_REMEDY,
            )


def _parse(manifest: Mapping[str, Any]) -> BundleInfo:
    content = {"calibration": None, "gate": None, **manifest}  # older ones have none
    if manifest["schema_version"] < 3:
        content["gate"] = None
    known = {name: content[name] for name in BundleInfo.__dataclass_fields__}
    known["classes"] = tuple(known["classes"])
    known["geometry"] = Geometry(**known["geometry"])
    known["operating_points"] = tuple(map(_parse_point, known["operating_points"]))
    if known["calibration"] is not None:
        known["calibration"] = _parse_calibration(known["calibration"])
    if known["gate"] is not None:
        known["gate"] = _parse_gate(known["gate"])
    return BundleInfo(**known)


def _parse_point(content: Mapping[str, Any]) -> OperatingPoint:
    parsed = {**content, **_parse_estimates(content, ("sensitivity", "specificity"))}
    if content.get("undecided") is not None:
        zone = content["undecided"]
        parsed["undecided"] = Undecided(**{**zone, **_parse_estimates(zone, ("share", "error"))})
    return OperatingPoint(**parsed)


def _parse_estimates(content: Mapping[str, Any], names: Iterable[str]) -> dict[str, Estimate]:
    return {name: Estimate(**content[name]) for name in names if content.get(name) is not None}


def _parse_calibration(content: Mapping[str, Any]) -> Calibration:
    lists = {name: tuple(content[name]) for name in ("biases", "notices")}
    return Calibration(**{**content, **lists})


def _parse_gate(content: Mapping[str, Any]) -> GateLevels:
    warn = {name: GateLevel(**level) for name, level in content["warn"].items()}
    return GateLevels(**{**content, "warn": warn, "refuse": GateLevel(**content["refuse"])})
