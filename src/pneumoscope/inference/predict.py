"""Files, folders and streams to predictions, and to pictures and pages of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from pneumoscope.errors import SettingsError
from pneumoscope.imaging import Source, read_stream
from pneumoscope.inference.heatmaps import write_heatmaps
from pneumoscope.inference.images import Image, list_images
from pneumoscope.inference.page import write_page
from pneumoscope.inference.predictor import Predictor, load
from pneumoscope.inference.shown import show_many
from pneumoscope.names import public_name
from pneumoscope.results import digest, require_own
from pneumoscope.types import Prediction

File = Image | BinaryIO
"""An image or folder by its path, the bytes of an image, or a binary stream open for reading."""

STREAM = "-"
"""Path in the record of an image that was read from a stream."""


def predict(
    bundle: Path | str | None,
    files: File | Iterable[File],
    heatmap: Path | str | None = None,
    *,
    html: Path | str | None = None,
    pdf: Path | str | None = None,
    threads: int | None = None,
    operating_point: str | None = None,
    prevalence: float | None = None,
    gate: bool = True,
    policy: Path | str | None = None,
    limit: int | None = None,
    stray: Callable[[Path], None] | None = None,
) -> Iterator[Prediction]:
    """Predicts images and all images in folders, in order, with a model loaded for this call.

    A file that cannot be read gives a record with status `error`, and an image that the model
    cannot judge one with status `refused`. To predict again and again, `load` the model once.

    Args:
        bundle: path of the bundle or of the run folder that holds it, or the name of a model that
            ships; None for the default model.
        files: an image, a folder of images or a binary stream, which records call "-"; or
            several of them.
        heatmap: folder to write a picture of each image to, beside its heatmap and with a caption;
            by default none is written.
        html: path of a page that shows all predictions, written once the last record has been
            asked for; by default none is written.
        pdf: path of a PDF for print, written like the page; by default none is written.
        threads: number of CPU threads; by default that of the cores that this process may use.
        operating_point: name of the threshold that makes the labels; by default the bundle's
            first.
        prevalence: fraction of positive images where the model is used, for which probabilities
            are restated; by default they stay those of the model.
        gate: True to refuse images that the model cannot judge, if the bundle has a gate.
        policy: path of a TOML file with the action of each rule on header and pixels; by default
            the one that ships.
        limit: number of files to predict, the first ones, for a trial; by default all.
        stray: function that is called with each file in a folder that is skipped, as it is no
            picture.

    Returns:
        The record of each image, made when it is asked for: only a few images are in memory at
        any time.

    Raises:
        BundleError: as `load`.
        SettingsError: as `load`; or if a picture of another image, or by another model, has the
            name of one, or a page or PDF of other images or by another model is there.
        DataError: if a folder holds no image.
        StorageError: if a folder may not be read, or an output cannot be written.
    """
    predictor = load(
        bundle,
        threads=threads,
        operating_point=operating_point,
        prevalence=prevalence,
        gate=gate,
        policy=policy,
    )
    alone = isinstance(files, Path | str | Source) or hasattr(files, "read")
    listed = cast(Iterable[File], [files] if alone else files)
    return predict_files(predictor, listed, heatmap, html=html, pdf=pdf, limit=limit, stray=stray)


def predict_files(
    predictor: Predictor,
    files: Iterable[File],
    heatmap: Path | str | None = None,
    *,
    html: Path | str | None = None,
    pdf: Path | str | None = None,
    limit: int | None = None,
    stray: Callable[[Path], None] | None = None,
) -> Iterator[Prediction]:
    """Predicts images and all images in folders, as `predict`, with a model in memory.

    Args:
        predictor: the model.
        files: images, folders of images, and binary streams.
        heatmap: as in `predict`.
        html: as in `predict`.
        pdf: as in `predict`.
        limit: number of files to predict, the first ones, for a trial; by default all.
        stray: function that is called with each file in a folder that is skipped, as it is no
            picture.
    """
    if heatmap is None and html is None and pdf is None:
        return predictor.predict_many(islice(_images(files, stray), limit))
    files = list(files)
    shown = show_many(predictor, islice(_images(files, stray), limit))
    if heatmap is not None:
        paths = [Path(file) for file in files if isinstance(file, Path | str)]
        roots = [path for path in paths if path.is_dir()]
        shown = write_heatmaps(shown, predictor, Path(heatmap), roots)
    made_of = digest(predictor.bundle.sha256, *map(_identify, files))
    if html is not None:
        _require_place(Path(html), made_of)
        shown = write_page(shown, predictor, Path(html), made_of)
    if pdf is not None:
        from pneumoscope.inference.pdf import write_pdf  # takes half a second to load

        _require_place(Path(pdf), made_of)
        shown = write_pdf(shown, predictor, Path(pdf), made_of)
    return (each.prediction for each in shown)


def _identify(file: File) -> str:
    if isinstance(file, Source):
        return file.sha256
    return str(Path(file).resolve()) if isinstance(file, Path | str) else STREAM


def _require_place(path: Path, made_of: str) -> None:
    """Refuses a place that the result could not be written to, before any image is read."""
    if path.is_dir():
        raise SettingsError(
            f"{path} is a folder",
            expected="the path of a file",
            remedy="Name a file in it",
            code="output-occupied",
            values={"path": str(path)},
        )
    require_own(path, made_of)


def _images(files: Iterable[File], stray: Callable[[Path], None] | None) -> Iterator[Image]:
    for file in files:
        if isinstance(file, Source):
            yield file
        elif not isinstance(file, Path | str):
            yield read_stream(STREAM, file)
        elif Path(file).is_fifo():  # it was named, as by <(…), so that somebody writes to it
            with open(file, "rb") as pipe:
                yield read_stream(public_name(file), pipe)
        else:
            yield from list_images([Path(file)], stray)
