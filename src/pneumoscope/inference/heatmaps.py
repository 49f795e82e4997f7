"""Pictures of predictions, written as files: each radiograph beside its overlay."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pneumoscope.bundle import Bundle
from pneumoscope.errors import StorageError, storage_errors
from pneumoscope.files import atomic_path
from pneumoscope.imaging import own_mark
from pneumoscope.inference.captions import Captions
from pneumoscope.inference.panel import draw_panel
from pneumoscope.inference.predictor import Predictor
from pneumoscope.inference.shown import Shown
from pneumoscope.parallel import in_stream
from pneumoscope.results import digest, require_own

_LONGEST = 200  # bytes of a file name; file systems take 255, and `atomic_path` adds to it
_COMPRESSION = 2  # of PNG, 0 to 9: a third of the time of the usual 6, and a seventh larger
_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_heatmaps(
    images: Iterable[Shown], predictor: Predictor, folder: Path, roots: Sequence[Path] = ()
) -> Iterator[Shown]:
    """Writes each image beside its overlay, with a caption, as `folder/.../NAME.heatmap.png`.

    A refused image stands there alone, with the reasons. The pictures hold no file names. Each
    record names its picture; where that cannot be written, the record has a warning instead.

    Args:
        images: predicted images, in any number.
        predictor: the model that predicted them.
        folder: folder to write to.
        roots: folders that the images are from: the folders between them and an image are kept
            below `folder`, and with several roots also the names of these.

    Yields:
        The images, in order.

    Raises:
        SettingsError: if a picture of another image, or by another model, has the name of one.
        StorageError: if the folder cannot be made, or the disk is full.
    """
    with storage_errors("write", folder):
        folder.mkdir(parents=True, exist_ok=True)
    places, captions = _Places(folder, roots), Captions(predictor)

    def write(pair: tuple[Shown, Path | None]) -> Shown:
        shown, place = pair
        return shown if place is None else _write(shown, place, captions, predictor.bundle)

    placed = ((shown, _place(shown, places)) for shown in images)
    yield from in_stream(predictor.pool, write, placed)


def _place(shown: Shown, places: _Places) -> Path | None:
    path = shown.prediction.path
    return None if shown.image is None else places.of("stdin" if path == "-" else path)


def _write(shown: Shown, place: Path, captions: Captions, bundle: Bundle) -> Shown:
    try:
        _draw(shown, place, captions, bundle)
    except StorageError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL:
            raise
        return shown.without_picture(error)
    return replace(shown, prediction=replace(shown.prediction, heatmap=str(place)))


def _draw(shown: Shown, place: Path, captions: Captions, bundle: Bundle) -> None:
    assert shown.image is not None
    made_of = digest(bundle.sha256, shown.sha256)
    require_own(place, made_of)
    caption = captions.caption(shown.prediction)
    picture = draw_panel(shown.image, shown.overlay, caption, captions.about)
    with atomic_path(place) as temporary:
        mark = own_mark(made_of)
        picture.save(temporary, format="PNG", pnginfo=mark, compress_level=_COMPRESSION)


class _Places:
    """Paths of the pictures of a run, each of them unique."""

    def __init__(self, folder: Path, roots: Sequence[Path]) -> None:
        self._folder = folder
        # Of nested folders, the innermost is the one that an image is from.
        self._roots = sorted(set(roots), key=lambda root: -len(root.parts))
        self._taken: set[str] = set()

    def of(self, path: str) -> Path:
        """Chooses the path of the picture of the image at `path`, which no other image gets."""
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
