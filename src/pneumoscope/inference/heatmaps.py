"""Heatmaps written as image files: overlays on the radiographs."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import tee
from pathlib import Path

from PIL import Image as PillowImage

from pneumoscope.bundle import Bundle
from pneumoscope.errors import ImageError, StorageError, storage_errors
from pneumoscope.files import atomic_path
from pneumoscope.imaging import Source, load_display, own_mark, read_bytes
from pneumoscope.inference.explain import overlay
from pneumoscope.inference.images import Image
from pneumoscope.inference.predictor import Explanation, Predictor
from pneumoscope.notices import Notice
from pneumoscope.results import digest, require_own
from pneumoscope.types import Prediction

_LONGEST = 200  # bytes of a file name; file systems take 255, and `atomic_path` adds to it
_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_heatmaps(
    predictor: Predictor,
    images: Iterable[Image],
    folder: Path,
    roots: Sequence[Path] = (),
) -> Iterator[Prediction]:
    """Predicts images, and writes overlays of their heatmaps as `folder/.../NAME.heatmap.png`.

    The overlays keep the proportions of the radiographs. Each record names the file of its overlay;
    where that cannot be drawn or written, the record has a warning instead.

    Args:
        predictor: the model.
        images: images to predict, in any number.
        folder: folder to write to.
        roots: folders that the images are from: the folders between them and an image are kept
            below `folder`, and with several roots also the names of these.

    Yields:
        The record of each image, in order.

    Raises:
        SettingsError: if an overlay of another image, or by another model, has the name of one.
        StorageError: if the folder cannot be made, or the disk is full.
    """
    with storage_errors("write", folder):
        folder.mkdir(parents=True, exist_ok=True)
    places = _Places(folder, roots)
    # Taken before the image is read, so that a heatmap is never laid over another picture.
    ahead, sources = tee((image, _version(image)) for image in images)
    explanations = predictor.explain_many(image for image, _ in ahead)
    for (image, version), explanation in zip(sources, explanations, strict=False):
        prediction = explanation.prediction
        if explanation.heatmap is not None:
            place = places.of("stdin" if prediction.path == "-" else prediction.path)
            try:
                _write(image, version, explanation, place, predictor.bundle)
                prediction = replace(prediction, heatmap=str(place))
            except (ImageError, StorageError) as error:
                if isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL:
                    raise
                text = f"its heatmap was not written: {error}"
                warning = Notice("heatmap-not-written", text, {"error": error.code})
                prediction = replace(prediction, warnings=(*prediction.warnings, warning))
        yield prediction


def _version(image: Image) -> tuple[int, ...] | None:
    """Identifies the content of a file by its metadata; None for bytes, and for a missing file."""
    if isinstance(image, Source):
        return None
    try:
        status = os.stat(image)
    except (OSError, ValueError):  # reading it reports the error
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _write(
    image: Image,
    version: tuple[int, ...] | None,
    explanation: Explanation,
    place: Path,
    bundle: Bundle,
) -> None:
    source = image if isinstance(image, Source) else read_bytes(Path(image))
    if _version(image) != version:
        raise ImageError(
            f"{source.name} has changed since it was predicted",
            remedy="Predict it again",
            code="image-changed",
            values={"path": source.name},
        )
    made_of = digest(bundle.sha256, source.sha256)
    require_own(place, made_of)
    assert explanation.heatmap is not None
    picture = PillowImage.fromarray(overlay(load_display(source), explanation.heatmap))
    with atomic_path(place) as temporary:
        picture.save(temporary, format="PNG", pnginfo=own_mark(made_of))


class _Places:
    """Paths of the heatmaps of a run, each of them unique."""

    def __init__(self, folder: Path, roots: Sequence[Path]) -> None:
        self._folder = folder
        # Of nested folders, the innermost is the one that an image is from.
        self._roots = sorted(set(roots), key=lambda root: -len(root.parts))
        self._taken: set[str] = set()

    def of(self, path: str) -> Path:
        """Chooses the path of the heatmap of the image at `path`, which no other image gets."""
        within = self._within(Path(path))
        name, number = _shortened(within.name), 1
        place = self._folder / within.parent / f"{name}.heatmap.png"
        while str(place).casefold() in self._taken:  # some file systems ignore case
            number += 1
            place = place.with_name(f"{name}-{number}.heatmap.png")
        self._taken.add(str(place).casefold())
        return place

    def _within(self, path: Path) -> Path:
        for root in self._roots:
            if path.is_relative_to(root):
                inner = path.relative_to(root)
                return root.resolve().name / inner if len(self._roots) > 1 else inner
        return Path(path.name)


def _shortened(name: str) -> str:
    """Shortens a name to what a file system takes, with a digest where something is cut off."""
    whole = os.fsencode(name)
    if len(whole) <= _LONGEST:
        return name
    digest = hashlib.sha256(whole).hexdigest()[:8]
    return f"{whole[: _LONGEST - 9].decode(errors='ignore')}-{digest}"
