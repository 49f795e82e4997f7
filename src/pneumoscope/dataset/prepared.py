"""The prepared folder: its files, and how they are written and read.

OUT/dataset.json                    classes, geometry, split settings, fingerprint
OUT/manifest.csv                    each image: its source, class, patient and split
OUT/left_out.csv                    each file that could not be read, and why
OUT/{train,val,test}/{CLASS}/*.png  8-bit grey, at the size that the network reads

The header holds the SHA-256 of both lists, and the manifest that of each prepared file, so that a
folder that was changed afterwards is refused.
"""

from __future__ import annotations

import csv
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import Any

from pneumoscope.claims import SECONDS_BETWEEN_LOOKS, is_claimed, is_free
from pneumoscope.dataset.scan import ImageSet
from pneumoscope.dataset.split import SplitSettings
from pneumoscope.errors import DataError, storage_errors
from pneumoscope.files import atomic_path, is_junk, sha256_of, write_json
from pneumoscope.folders import cache_folder
from pneumoscope.imaging import RECIPE
from pneumoscope.known import Attribution
from pneumoscope.names import names_are_hashed, public_name
from pneumoscope.notices import Notice
from pneumoscope.parallel import as_done
from pneumoscope.types import Evidence, Geometry, ImageRecord, Split

_HEADER = "dataset.json"
_MANIFEST = "manifest.csv"
_LEFT_OUT = "left_out.csv"
_COLUMNS = (
    "image",
    "source",
    "class",
    "split",
    "patient",
    "evidence",
    "subgroup",
    "groups",
    "sha256",
    "prepared_sha256",
)


@dataclass(frozen=True)
class LeftOut:
    """A file that is not in the prepared set.

    Attributes:
        source: path of the file, or its hash where file names are hashed.
        reason: text of the error that kept it from being read.
        code: code of the error; empty in folders that were prepared before errors had codes.
    """

    source: str
    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """An image that has been prepared.

    Attributes:
        record: record of the image; `path` is the prepared file, `sha256` that of its source.
        origin: the source file.
        sha256: SHA-256 of the prepared file, in hex.
    """

    record: ImageRecord
    origin: Path
    sha256: str


@dataclass(frozen=True)
class PreparedSet:
    """A data set at the size that a network reads, divided by patient.

    Attributes:
        images: the prepared images; `path` is the prepared file, `sha256` that of its source.
        geometry: the size of each image.
        split: settings of the division into splits.
        source: path of the data set that it was made from.
        fingerprint: SHA-256 over the sources' hashes, classes and splits, in hex.
        left_out: the files that could not be read.
        views: number of images by view, "AP" or "PA"; empty unless the headers of all say it.
    """

    images: ImageSet
    geometry: Geometry
    split: SplitSettings
    source: str
    fingerprint: str
    left_out: tuple[LeftOut, ...]
    views: Mapping[str, int] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The prepared folder."""
        return self.images.root

    def require_geometry(self, geometry: Geometry) -> None:
        """Refuses use at another image size.

        Raises:
            DataError: if the images were prepared at another size than `geometry`.
        """
        if self.geometry != geometry:
            raise DataError(
                f"{self.root} was prepared at another image size",
                expected=f"{geometry.height}x{geometry.width}",
                received=f"{self.geometry.height}x{self.geometry.width}",
                remedy="Give the folder of the source images, or prepare them at this size",
                code="prepared-otherwise",
                values={
                    "path": str(self.root),
                    "height": self.geometry.height,
                    "width": self.geometry.width,
                },
            )

    def count(self, split: Split) -> dict[str, int]:
        """Counts the images of each class in a split."""
        labels = [record.label for record in self.images.published(split)]
        return {name: labels.count(label) for label, name in enumerate(self.images.classes)}


def is_prepared(root: Path) -> bool:
    """Tells whether a folder is a prepared data set, finished or not."""
    return (root / _HEADER).is_file()


def identify(data: Path) -> str:
    """Returns what identifies a data set: its fingerprint if it is prepared, otherwise its path.

    Raises:
        DataError: if a prepared folder cannot be read.
    """
    found = _read_header(data) if is_prepared(data) else {}
    return str(found.get("fingerprint") or data.resolve())


def header(
    source: Path, images: ImageSet, geometry: Geometry, split: SplitSettings
) -> dict[str, Any]:
    """Makes the header of a preparation: all that sets it apart from others, as JSON types."""
    return {
        "recipe": RECIPE,
        "source": str(source.resolve()),
        "root": str(images.root.resolve()),
        "classes": list(images.classes),
        "geometry": asdict(geometry),
        "split": asdict(split),
        "file_names": "hashed" if names_are_hashed() else "plain",
    }


def locate_cached(name: str, wanted: Mapping[str, Any]) -> Path:
    """Returns the folder of a preparation in the user's cache.

    Args:
        name: name of the data set, with which that of the folder begins.
        wanted: header of the preparation.
    """
    key = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:12]
    return cache_folder() / "prepared" / f"{name}-{key}"


def claim(output: Path, wanted: dict[str, Any]) -> None:
    """Takes a folder for one preparation, new or to be continued, and marks it as unfinished.

    Args:
        output: the folder, which this process has claimed.
        wanted: header of the preparation, as `header` makes it.

    Raises:
        DataError: if the folder holds something else, or a preparation with other settings.
        StorageError: if it cannot be written.
    """
    if is_prepared(output):
        found = _read_header(output)
        differing = [key for key, value in wanted.items() if found.get(key) != value]
        if differing:
            key = differing[0]
            raise DataError(
                f"{output} was prepared with another {key}",
                expected=f"{wanted[key]}",
                received=f"{found.get(key)}",
                remedy="Choose another output folder, or delete this one",
                code="prepared-otherwise",
                values={"path": str(output), "differing": tuple(differing)},
            )
        if set(found) != set(wanted):
            _write_header(output, wanted)  # unfinished from here on
        return
    with storage_errors("write", output):
        if not is_free(output):
            raise DataError(
                f"{output} is not empty and holds no prepared data set",
                remedy="Choose another output folder",
                code="output-occupied",
                values={"path": str(output)},
            )
    _write_header(output, wanted)


def write_manifest(output: Path, classes: Sequence[str], images: Iterable[PreparedImage]) -> None:
    """Writes the manifest, image by image as they are prepared.

    Args:
        output: the prepared folder.
        classes: class names.
        images: the prepared images.
    """
    rows = (
        {
            "image": image.record.path.relative_to(output).as_posix(),
            "source": public_name(image.origin),
            "class": classes[image.record.label],
            "split": str(image.record.split),
            "patient": image.record.patient,
            "evidence": str(image.record.evidence),
            "subgroup": image.record.subgroup,
            "groups": json.dumps(dict(image.record.groups)),
            "sha256": image.record.sha256,
            "prepared_sha256": image.sha256,
        }
        for image in images
    )
    _write_csv(output / _MANIFEST, _COLUMNS, rows)


def remove_others(output: Path) -> None:
    """Removes the images that the manifest does not list."""
    for split in Split:
        rows = _read_csv(output / _MANIFEST)
        listed = {row["image"] for row in rows if row["split"] == split}
        for path in (output / split).rglob("*.png"):
            if path.relative_to(output).as_posix() not in listed:
                path.unlink()


def finish(
    output: Path,
    wanted: dict[str, Any],
    sources: ImageSet,
    left_out: Sequence[LeftOut],
    views: Mapping[str, int],
) -> None:
    """Writes the header that declares the set complete, once the manifest is written.

    Args:
        output: the prepared folder.
        wanted: header of the preparation, as `claim` was given it.
        sources: the scanned data set; its images are not needed.
        left_out: the files that could not be read.
        views: number of images by view; empty if not known of all.
    """
    _write_csv(output / _LEFT_OUT, ("source", "reason", "code"), map(asdict, left_out))
    complete = {
        **wanted,
        "fingerprint": _fingerprint(_read_csv(output / _MANIFEST)),
        "lists": {name: sha256_of(output / name) for name in (_MANIFEST, _LEFT_OUT)},
        "attributions": [asdict(attribution) for attribution in sources.attributions],
        "notices": [notice.to_dict() for notice in sources.notices],
        "doubts": [doubt.to_dict() for doubt in sources.doubts],
        "patient_key": sources.patient_key,
        "views": dict(views),
    }
    _write_header(output, complete)


def read_prepared(root: Path) -> PreparedSet:
    """Reads a prepared folder back, once no other process prepares it again.

    Raises:
        DataError: if the preparation was not finished, or files of it are missing or changed.
    """
    found = _read_header(root)
    while "fingerprint" not in found and is_claimed(root):
        time.sleep(SECONDS_BETWEEN_LOOKS)
        found = _read_header(root)
    if "fingerprint" not in found:
        raise DataError(
            f"The preparation of {root} was not finished",
            remedy="Run the same `pneumoscope.prepare` again: it goes on where it was",
            code="prepared-unfinished",
            values={"path": str(root)},
        )
    if found.get("recipe") != RECIPE or "lists" not in found:
        raise DataError(
            f"{root} was prepared by another version of Pneumoscope",
            expected=f"preprocessing recipe {RECIPE}",
            received=f"{found.get('recipe')}{'' if 'lists' in found else ', without checksums'}",
            remedy="Prepare the data set again",
            code="prepared-by-another-version",
            values={"path": str(root)},
        )
    try:
        _require_lists(root, found)
        left_out = tuple(LeftOut(**row) for row in _read_csv(root / _LEFT_OUT))
        classes = tuple(found["classes"])
        records = tuple(_record(root, classes, row) for row in _read_csv(root / _MANIFEST))
        _require_files(root, classes, records)
        images = ImageSet(
            root,
            classes,
            records,
            tuple(Attribution(**known) for known in found["attributions"]),
            tuple(map(Notice.parse, found["notices"])),
            tuple(map(Notice.parse, found["doubts"])),
            found["patient_key"],
        )
        return PreparedSet(
            images,
            Geometry(**found["geometry"]),
            SplitSettings(**found["split"]),
            found["source"],
            found["fingerprint"],
            left_out,
            found.get("views", {}),
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DataError(
            f"The prepared folder {root} is not whole: {error}",
            remedy="Delete it and prepare the data set again",
            code="prepared-changed",
            values={"path": str(root)},
        ) from error


def _record(root: Path, classes: tuple[str, ...], row: dict[str, str]) -> ImageRecord:
    return ImageRecord(
        path=root / row["image"],
        label=classes.index(row["class"]),
        patient=intern(row["patient"]),
        evidence=Evidence(row["evidence"]),
        split=Split(row["split"]),
        subgroup=intern(row["subgroup"]),
        groups=_groups(row["groups"]),
        sha256=row["sha256"],
    )


@lru_cache
def _groups(text: str) -> Mapping[str, str]:
    """Parses the subgroups of an image; many images have the same."""
    groups: Mapping[str, str] = json.loads(text)
    return groups


def _fingerprint(rows: Iterable[dict[str, Any]]) -> str:
    lines = sorted(f"{row['sha256']} {row['class']} {row['split']}" for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _require_lists(root: Path, found: dict[str, Any]) -> None:
    """Compares header and lists with one another.

    Raises:
        ValueError: if they differ.
    """
    for name, sha256 in found["lists"].items():
        if sha256_of(root / name) != sha256:
            raise ValueError(f"{name} has changed")
    if _fingerprint(_read_csv(root / _MANIFEST)) != found["fingerprint"]:
        raise ValueError(f"{_MANIFEST} does not fit {_HEADER}")


def _require_files(root: Path, classes: Sequence[str], records: Sequence[ImageRecord]) -> None:
    """Compares the manifest with the files, as training reads whatever is there.

    Raises:
        ValueError: if they differ.
    """
    paths = [record.path for record in records]
    missing, folders = set(paths), {root / split / name for split in Split for name in classes}
    others = []
    for path in (path for split in Split for path in (root / split).rglob("*")):
        if path in missing:
            missing.remove(path)
        elif path not in folders and (path.suffix or not is_junk(path.name)):
            others.append(path)
    for path in sorted([*missing, *others]):
        state = "is missing" if path in missing else "was not prepared here"
        raise ValueError(f"{path.relative_to(root)} {state}")
    wanted = (row["prepared_sha256"] for row in _read_csv(root / _MANIFEST))
    for path, sha256, right in zip(paths, as_done(sha256_of, paths), wanted, strict=True):
        if sha256 != right:
            raise ValueError(f"{path.relative_to(root)} has changed")


def _write_header(root: Path, content: dict[str, Any]) -> None:
    write_json(root / _HEADER, content)


def _read_header(root: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((root / _HEADER).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"Cannot read {root / _HEADER}: {error}",
            remedy="Delete the folder and prepare the data set again",
        ) from error
    if not isinstance(found, dict):
        raise DataError(
            f"{root / _HEADER} is no header of a prepared data set",
            remedy="Delete the folder and prepare the data set again",
        )
    return found


# File names may hold bytes that are no UTF-8: they go through these files unharmed.
def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _read_csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        yield from csv.DictReader(file)
