"""Preparation of a data set: each source file is decoded once, in parallel."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from pneumoscope.claims import claimed
from pneumoscope.dataset.prepared import (
    LeftOut,
    PreparedSet,
    claim,
    finish,
    header,
    is_prepared,
    locate_cached,
    read_prepared,
)
from pneumoscope.dataset.refused import group_refused, refusals, tell_refused
from pneumoscope.dataset.scan import ImageSet, ScanSettings, scan
from pneumoscope.dataset.split import SplitSettings, divide
from pneumoscope.errors import DataError, ImageError, with_notices
from pneumoscope.files import atomic_path
from pneumoscope.gate import projection_shown
from pneumoscope.imaging import load_pixels, read_acquisition, read_bytes
from pneumoscope.names import names_are_hashed, public_name
from pneumoscope.parallel import Progress, in_parallel
from pneumoscope.types import Geometry, ImageRecord, Split

_SOURCE_KEY = "source-sha256"
_PIXELS_KEY = "pixels-sha256"


@dataclass(frozen=True)
class _Ready:
    """A prepared image: its record, its source, the rules that would refuse it, and its view."""

    record: ImageRecord
    origin: Path
    refused: tuple[str, ...]
    view: str


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
    images = replace(images, notices=images.notices + division.notices)
    wanted = header(data, images, geometry, split)
    if scanning and scanning.limit is not None:
        wanted["sample"] = {"limit": scanning.limit, "seed": scanning.seed}
    if output is None:
        output = locate_cached(data.resolve().name, wanted)
    output = Path(output)
    with claimed(output, wait=note or (lambda _: None)):
        claim(output, wanted)
        with with_notices(images.notices):
            return _fill(output, wanted, images, division.records, progress)


def _fill(
    output: Path,
    wanted: dict[str, Any],
    images: ImageSet,
    records: Sequence[ImageRecord],
    progress: Progress | None,
) -> PreparedSet:
    geometry = Geometry(**wanted["geometry"])
    tasks = [(record, _target(output, images, record)) for record in records]
    outcomes = in_parallel(partial(_prepare_one, geometry), tasks, progress)
    ready = [outcome for outcome in outcomes if isinstance(outcome, _Ready)]
    done = [each.record for each in ready]
    origins = [each.origin for each in ready]
    left_out = [outcome for outcome in outcomes if isinstance(outcome, LeftOut)]
    refused = group_refused([(each.origin, each.refused) for each in ready])
    images = replace(images, notices=(*images.notices, *tell_refused(refused, len(ready))))
    _require_all_classes(images, done, left_out)
    _remove_others(output, {record.path for record in done})
    views = Counter(each.view for each in ready)
    known = {} if "" in views else views
    return finish(output, wanted, images, done, origins, left_out, known)


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


def _prepare_one(geometry: Geometry, task: tuple[ImageRecord, Path]) -> _Ready | LeftOut:
    record, target = task
    try:
        source = read_bytes(record.path)
        sha256 = source.sha256
        pixels = _read_made(target, sha256)
        if pixels is None:
            pixels = load_pixels(source, geometry)
            image = Image.fromarray(pixels)
            note = PngImagePlugin.PngInfo()
            note.add_text(_SOURCE_KEY, sha256)
            note.add_text(_PIXELS_KEY, _digest(image))
            # Not durable: a file that a power cut has emptied is seen by its digest.
            with atomic_path(target, durable=False) as temporary:
                image.save(temporary, format="PNG", pnginfo=note, compress_level=1)
        refused = refusals(source, pixels, geometry)
        view = projection_shown(read_acquisition(source))
    except ImageError as error:
        return LeftOut(public_name(record.path), str(error), error.code)
    return _Ready(replace(record, path=target, sha256=sha256), record.path, refused, view)


def _read_made(target: Path, sha256: str) -> NDArray[np.uint8] | None:
    """Reads the pixels of a prepared file, if it was made from this source and is unchanged."""
    try:
        with Image.open(target, formats=["PNG"]) as image:
            texts = dict(image.info)
            if texts.get(_SOURCE_KEY) == sha256 and texts.get(_PIXELS_KEY) == _digest(image):
                return np.asarray(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        pass
    return None


def _digest(image: Image.Image) -> str:
    return hashlib.sha256(f"{image.mode} {image.size} ".encode() + image.tobytes()).hexdigest()


def _require_all_classes(
    images: ImageSet, done: Sequence[ImageRecord], left_out: Sequence[LeftOut]
) -> None:
    for label, name in enumerate(images.classes):
        for split in (Split.TRAIN, Split.VAL):
            if not any(record.label == label and record.split is split for record in done):
                first = f"; the first: {left_out[0].reason}" if left_out else ""
                raise DataError(
                    f"No readable image of class {name!r} is left for the {split} split",
                    received=f"{len(left_out)} files that could not be read{first}",
                    remedy="Check the files",
                    code="data-unreadable",
                    values={"class": name, "split": str(split), "files": len(left_out)},
                )


def _remove_others(output: Path, keep: set[Path]) -> None:
    for split in Split:
        for path in (output / split).rglob("*.png"):
            if path not in keep:
                path.unlink()
