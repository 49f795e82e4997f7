"""The drift of what was counted in service, of images, or of predictions that were saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from pneumoscope.errors import DataError, ImageError
from pneumoscope.inference import list_images, load
from pneumoscope.monitor.basis import Basis
from pneumoscope.monitor.counts import Counts
from pneumoscope.monitor.observe import Observation, observe
from pneumoscope.monitor.predictions import observe_saved, read_saved
from pneumoscope.monitor.report import DriftReport, make_report
from pneumoscope.monitor.store import is_store, read_counts
from pneumoscope.parallel import Progress
from pneumoscope.scored.plan import is_scored, read_plan, require_model
from pneumoscope.shipped import read_model


def drift(
    bundle: Path | str | None,
    data: Path | str | Iterable[Path | str],
    *,
    since: date | None = None,
    progress: Progress | None = None,
    stray: Callable[[Path], None] | None = None,
    unread: Callable[[ImageError], None] | None = None,
) -> DriftReport:
    """Measures how far what a model has met differs from its training, by more than chance or not.

    No labels are needed. Several sources are added up. Images, scored folders and saved
    predictions have no days of their own: they count as of today.

    Args:
        bundle: path of the bundle or of the run folder that holds it, or the name of a model; None
            for the default model.
        data: a folder of counters of the service or the node; a folder of images, or an image,
            which are predicted; a scored folder; a CSV that `pneumoscope predict --csv` wrote; or
            several of them.
        since: first day of the counters to take; None for all.
        progress: function that is called after each image is predicted.
        stray: function that is called with each file in a folder of images that is none.
        unread: function that is called with the error of each image that cannot be read.

    Raises:
        BundleError: if the bundle cannot be used.
        DataError: if a counter is damaged, all counters or a scored folder are of another model, a
            CSV holds no predictions, or a folder holds no image.
        DependencyError: if the extra `scale`, which reads a scored folder, is not installed.
        StorageError: if something cannot be read.
    """
    paths = [Path(data)] if isinstance(data, Path | str) else [Path(each) for each in data]
    model = read_model(bundle)
    basis = Basis.of(model)
    counted: list[tuple[date, Counts]] = []
    images, others = [], 0
    for path in paths:
        if is_store(path):
            found = read_counts(path, basis, since)
            counted += [(day, counts) for day, _, counts in found.days]
            others += found.others
            if found.others and not found.days:
                raise _of_another(path, basis)
        elif is_scored(path):
            from pneumoscope.monitor.kept import observe_kept  # loads pyarrow

            require_model(path, read_plan(path), model)
            counted.append(_count(basis, observe_kept(path, basis.reference)))
        elif path.suffix.lower() == ".csv":
            saved = (observe_saved(each, basis.reference) for each in read_saved(path))
            counted.append(_count(basis, saved))
        else:
            images.append(path)
    if images:
        files = list(list_images(images, stray))
        counted.append(_count(basis, _predict(bundle, basis, files, progress, unread)))
    return make_report(basis, counted, others)


def _count(basis: Basis, seen: Iterable[Observation]) -> tuple[date, Counts]:
    counts = Counts.empty(basis.reference)
    for each in seen:
        counts.count(each)
    return date.today(), counts


def _predict(
    bundle: Path | str | None,
    basis: Basis,
    files: Sequence[Path],
    progress: Progress | None,
    unread: Callable[[ImageError], None] | None,
) -> Iterator[Observation]:
    predictor = load(bundle)
    for number, judged in enumerate(predictor.judge_many(files), start=1):
        if judged.error is not None and unread:
            unread(judged.error)
        yield observe(basis.reference, judged, predictor.record(judged).prediction)
        if progress:
            progress(number, len(files))


def _of_another(path: Path, basis: Basis) -> DataError:
    return DataError(
        f"{path} holds no counts of {basis.model}",
        expected=f"counts of the model whose bundle has the SHA-256 {basis.sha256[:12]}…",
        received="counts of other models, or of another state of this one",
        remedy="Give the model that was in service",
        code="counters-of-another-model",
        values={"path": str(path), "model": basis.model},
    )
