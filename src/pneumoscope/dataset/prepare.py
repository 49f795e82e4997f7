"""Preparation of a data set: each source file is decoded once, in parallel."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from pneumoscope.claims import claimed
from pneumoscope.dataset.prepared import (
    LeftOut,
    PreparedImage,
    PreparedSet,
    claim,
    finish,
    header,
    is_prepared,
    locate_cached,
    read_prepared,
    remove_others,
    write_manifest,
)
from pneumoscope.dataset.refused import group_refused, refusals, tell_refused
from pneumoscope.dataset.scan import ImageSet, ScanSettings, scan
from pneumoscope.dataset.split import SplitSettings, divide
from pneumoscope.errors import DataError, ImageError, with_notices
from pneumoscope.files import atomic_path
from pneumoscope.gate import projection_shown
from pneumoscope.imaging import Source, load_pixels, read_acquisition, read_bytes
from pneumoscope.names import names_are_hashed, public_name
from pneumoscope.parallel import Progress, as_done
from pneumoscope.types import Geometry, ImageRecord, Split

_SOURCE_KEY = "source-sha256"
_PIXELS_KEY = "pixels-sha256"


@dataclass(frozen=True)
class _Ready:
    """A prepared image, the rules that would refuse it, and its view."""

    image: PreparedImage
    refused: tuple[str, ...]
    view: str


@dataclass(frozen=True)
class _Told:
    """What is told of all images once they are prepared: of a million, few are kept themselves.

    Attributes:
        images: number of prepared images by class and split.
        views: number of prepared images by view.
        refused: the source files that predicting would refuse, each with the rules.
        left_out: the files that could not be read.
    """

    images: Counter[tuple[int, Split | None]] = field(default_factory=Counter)
    views: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[Path, tuple[str, ...]]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def pass_on(self, outcomes: Iterable[_Ready | LeftOut]) -> Iterator[PreparedImage]:
        """Yields the prepared images, and counts all that comes by."""
        for outcome in outcomes:
            if isinstance(outcome, LeftOut):
                self.left_out.append(outcome)
                continue
            self.images[outcome.image.record.label, outcome.image.record.split] += 1
            self.views[outcome.view] += 1
            if outcome.refused:
                self.refused.append((outcome.image.origin, outcome.refused))
            yield outcome.image


def prepare(
    data: Path | str,
    output: Path | str | None = None,
    *,
    geometry: Geometry | None = None,
    split: SplitSettings | None = None,
    scanning: ScanSettings | None = None,
    progress: Progress | None = None,
    note: Callable[[str], None] | None = None,
) -> PreparedSet:
    """Divides a data set by patient and writes each image once at the size of the network.

    An interrupted preparation is continued, and a repeated one reads only what has changed. Files
    that cannot be read are left out and listed.

    Args:
        data: class folders, the published train/val/test layout, or a CSV manifest.
        output: the prepared folder; by default one in the user's cache, which is the same for
            the same data set and settings.
        geometry: image size to write, 224x224 by default.
        split: settings of the division into splits.
        scanning: settings of how the data set is understood.
        progress: called with the number of images prepared and of all.
        note: called once with a text if another process prepares the same folder and is waited for.

    Raises:
        DataError: if the data set cannot be used, or `output` holds something else.
        StorageError: if `output` or the user's cache cannot be written.
    """
    data = Path(data)
    if is_prepared(data):
        raise DataError(
            f"{data} is a prepared data set already",
            remedy="Give the folder of the source images",
            code="data-prepared",
            values={"path": str(data)},
        )
    geometry = geometry or Geometry()
    split = split or SplitSettings()
    images = scan(data, scanning)
    with with_notices(images.notices):
        division = divide(images, split)
    records = division.records
    images = replace(images, records=(), notices=images.notices + division.notices)
    del division
    wanted = header(data, images, geometry, split)
    if scanning and scanning.limit is not None:
        wanted["sample"] = {"limit": scanning.limit, "seed": scanning.seed}
    if output is None:
        output = locate_cached(data.resolve().name, wanted)
    output = Path(output)
    with claimed(output, wait=note or (lambda _: None)):
        claim(output, wanted)
        with with_notices(images.notices):
            _fill(output, wanted, images, records, progress)
            del records  # of a million images, those that are read back need the room
            return read_prepared(output)


def _fill(
    output: Path,
    wanted: dict[str, Any],
    images: ImageSet,
    records: Sequence[ImageRecord],
    progress: Progress | None,
) -> None:
    told = _Told()
    made = as_done(partial(_prepare_one, wanted, output, images), records, progress)
    write_manifest(output, images.classes, told.pass_on(made))
    _require_all_classes(images, told)
    remove_others(output)
    refused = tell_refused(group_refused(told.refused), told.images.total())
    images = replace(images, notices=(*images.notices, *refused))
    finish(output, wanted, images, told.left_out, {} if "" in told.views else told.views)


def ensure_prepared(
    data: Path,
    *,
    geometry: Geometry,
    split: SplitSettings,
    scanning: ScanSettings | None = None,
    progress: Progress | None = None,
    note: Callable[[str], None] | None = None,
) -> PreparedSet:
    """Reads a prepared data set, or prepares the data set into the cache.

    Raises:
        DataError: if `data` was prepared at another image size, or cannot be used.
    """
    if not is_prepared(data):
        return prepare(
            data, geometry=geometry, split=split, scanning=scanning, progress=progress, note=note
        )
    found = read_prepared(data)
    found.require_geometry(geometry)
    scanning = scanning or ScanSettings()
    if scanning.limit is not None:
        raise DataError(
            f"{data} was prepared before: no sample is drawn from it",
            remedy="Give the folder of the source images, or leave out `limit`",
            code="prepared-otherwise",
            values={"path": str(data), "limit": scanning.limit},
        )
    scanning.check(data, found.images)
    return found


def _target(output: Path, images: ImageSet, record: ImageRecord) -> Path:
    """Makes the path of a prepared image: its own name, made safe, and a digest of its path."""
    folder = output / str(record.split) / images.classes[record.label]
    if names_are_hashed():
        return folder / f"{public_name(record.path)}.png"
    relative = str(record.path.relative_to(images.root))
    digest = hashlib.sha256(relative.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", record.path.stem)[:80]
    return folder / f"{stem}-{digest}.png"


def _prepare_one(
    wanted: Mapping[str, Any], output: Path, images: ImageSet, record: ImageRecord
) -> _Ready | LeftOut:
    geometry = Geometry(**wanted["geometry"])
    target = _target(output, images, record)
    try:
        source = read_bytes(record.path)
        made, pixels = _read_made(target, source.sha256) or _make(target, source, geometry)
        refused = refusals(source, pixels, geometry)
        view = projection_shown(read_acquisition(source))
    except ImageError as error:
        return LeftOut(public_name(record.path), str(error), error.code)
    own = replace(record, path=target, sha256=source.sha256)
    return _Ready(PreparedImage(own, record.path, made), refused, view)


def _make(target: Path, source: Source, geometry: Geometry) -> tuple[str, NDArray[np.uint8]]:
    """Writes a prepared file; returns its SHA-256 and its pixels."""
    pixels = load_pixels(source, geometry)
    image = Image.fromarray(pixels)
    note = PngImagePlugin.PngInfo()
    note.add_text(_SOURCE_KEY, source.sha256)
    note.add_text(_PIXELS_KEY, _digest(image))
    png = BytesIO()
    image.save(png, format="PNG", pnginfo=note, compress_level=1)
    # Not durable: a file that a power cut has emptied is seen by its digest.
    with atomic_path(target, durable=False) as temporary:
        temporary.write_bytes(png.getbuffer())
    return hashlib.sha256(png.getbuffer()).hexdigest(), pixels


def _read_made(target: Path, sha256: str) -> tuple[str, NDArray[np.uint8]] | None:
    """Reads a prepared file as `_make` does, if it was made from this source and is whole."""
    try:
        png = target.read_bytes()
        with Image.open(BytesIO(png), formats=["PNG"]) as image:
            texts = dict(image.info)
            if texts.get(_SOURCE_KEY) == sha256 and texts.get(_PIXELS_KEY) == _digest(image):
                return hashlib.sha256(png).hexdigest(), np.asarray(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        pass
    return None


def _digest(image: Image.Image) -> str:
    return hashlib.sha256(f"{image.mode} {image.size} ".encode() + image.tobytes()).hexdigest()


def _require_all_classes(images: ImageSet, told: _Told) -> None:
    for label, name in enumerate(images.classes):
        for split in (Split.TRAIN, Split.VAL):
            if not told.images[label, split]:
                first = f"; the first: {told.left_out[0].reason}" if told.left_out else ""
                raise DataError(
                    f"No readable image of class {name!r} is left for the {split} split",
                    received=f"{len(told.left_out)} files that could not be read{first}",
                    remedy="Check the files",
                    code="data-unreadable",
                    values={"class": name, "split": str(split), "files": len(told.left_out)},
                )
