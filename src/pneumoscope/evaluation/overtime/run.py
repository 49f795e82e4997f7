"""The performance of a model over time, from its predictions and labels that came later."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from pneumoscope.bundle import BundleInfo
from pneumoscope.dataset.manifest import Entry
from pneumoscope.dataset.patients import find_patients
from pneumoscope.defaults import RESAMPLES, SEED
from pneumoscope.errors import DataError
from pneumoscope.evaluation.classes import number_classes
from pneumoscope.evaluation.coverage import measure_coverage
from pneumoscope.evaluation.groups import evaluate_part
from pneumoscope.evaluation.overtime.joined import join, nothing_joined
from pneumoscope.evaluation.overtime.labels import LaterLabel, read_labels
from pneumoscope.evaluation.overtime.result import (
    ALL,
    COMPARED,
    NO_DATE,
    VALIDATION,
    Change,
    PerformanceOverTime,
    Period,
)
from pneumoscope.evaluation.scores import ScoredImages, remark_on_few
from pneumoscope.inference import list_images, load
from pneumoscope.inference.prevalence import odds_ratio, restated
from pneumoscope.monitor.predictions import SavedPrediction, read_saved
from pneumoscope.monitor.store import is_store
from pneumoscope.notices import Notice
from pneumoscope.parallel import Progress
from pneumoscope.scored.plan import is_scored, read_plan, require_model
from pneumoscope.shipped import read_model
from pneumoscope.statistics import Resampling
from pneumoscope.task import is_positive, positive_name
from pneumoscope.types import Estimate, OperatingPoint, Status

_SEEN = {"seen-image", "seen-patient"}
_Pair = tuple[SavedPrediction, LaterLabel]


def performance_over_time(
    bundle: Path | str | None,
    data: Path | str | Iterable[Path | str],
    *,
    labels: Path | str,
    operating_point: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    progress: Progress | None = None,
    stray: Callable[[Path], None] | None = None,
) -> PerformanceOverTime:
    """Measures how well a model has done in service, by month, once labels are known.

    The latest month is compared with the first, or if there is one only, with the validation of
    the model. Images that the model refuses count like all others, and are told apart; images that
    it was made with, or others of their patients, are left out.

    Args:
        bundle: path of the bundle or of the run folder that holds it, or the name of a model; None
            for the default model.
        data: a folder of images, or an image, which are predicted; a scored folder; a CSV that
            `pneumoscope predict --csv` or the page of the service wrote; or several of them.
        labels: CSV with the columns path and label, and if they are known date, as 2026-11-27, and
            patient. Paths as they were predicted, or from the folder of this file on, or file
            names that are unique.
        operating_point: name of the operating point whose threshold makes the labels; by default
            the first of the bundle.
        resamples: number of bootstrap resamples behind the intervals.
        seed: seed of the bootstrap.
        progress: function that is called after each image is predicted.
        stray: function that is called with each file in a folder of images that is none.

    Raises:
        BundleError: if the bundle cannot be used, or a label is none of its classes.
        SettingsError: if the bundle has no such operating point, or `resamples` or `seed` is out
            of range.
        DataError: if the labels are no such table, fit no image, or the data holds counts alone,
            no predictions, or no image.
        StorageError: if something cannot be read.
    """
    labels, resampling = Path(labels), Resampling(resamples, seed)
    paths = [Path(data)] if isinstance(data, Path | str) else [Path(each) for each in data]
    info = read_model(bundle).info
    point = info.operating_point(operating_point)
    given = read_labels(labels)
    numbers = number_classes(info, (label.class_name for label in given), labels)
    joined = join(_predictions(bundle, paths, progress, stray), given, labels.parent)
    answered = [pair for pair in joined.pairs if pair[0].probability is not None]
    pairs = [pair for pair in answered if _SEEN.isdisjoint(pair[0].warnings)]
    if not pairs:
        raise nothing_joined(labels, joined, given)
    scored, notices = _score(info, point, numbers, pairs)
    periods = tuple(_periods(scored, [label for _, label in pairs], resampling))
    first, latest = _ends(periods)
    since, changes = _compare(first, latest, point)
    return PerformanceOverTime(
        model=info,
        operating_point=point,
        periods=periods,
        latest=latest,
        since=since,
        changes=changes,
        coverage=measure_coverage(scored, resampling),
        basis=f"{scored.counts}; 95 % intervals: {resampling}",
        without_label=joined.without_label,
        without_image=joined.without_image,
        unanswered=tuple(Path(p.path) for p, _ in joined.pairs if p.probability is None),
        seen=tuple(Path(p.path) for p, _ in answered if not _SEEN.isdisjoint(p.warnings)),
        notices=(*notices, *remark_on_few(min(first.result.patients, latest.result.patients))),
    )


def _predictions(
    bundle: Path | str | None,
    paths: Sequence[Path],
    progress: Progress | None,
    stray: Callable[[Path], None] | None,
) -> Iterator[SavedPrediction]:
    images = []
    for path in paths:
        if is_store(path):
            raise _counts_alone(path)
        if is_scored(path):
            from pneumoscope.monitor.kept import read_kept  # loads pyarrow

            require_model(path, read_plan(path), read_model(bundle))
            yield from read_kept(path)
        elif path.suffix.lower() == ".csv":
            yield from read_saved(path)
        else:
            images.append(path)
    if not images:
        return
    files = list(list_images(images, stray))
    predictions = load(bundle).predict_many(files)
    for number, (file, found) in enumerate(zip(files, predictions, strict=True), start=1):
        yield SavedPrediction(
            path=str(file),
            status=found.status,
            probability=found.probability,
            warnings=tuple(warning.code for warning in found.warnings),
        )
        if progress:
            progress(number, len(files))


def _score(
    info: BundleInfo, point: OperatingPoint, numbers: Mapping[str, int], pairs: Sequence[_Pair]
) -> tuple[ScoredImages, tuple[Notice, ...]]:
    """Joins truth, score and patient of each image: one side against the other."""
    truth = np.array([numbers[label.class_name] for _, label in pairs], np.int64)
    score = np.array([_own_probability(info, prediction) for prediction, _ in pairs])
    entries = [
        Entry(Path(os.path.abspath(prediction.path)), label.class_name, patient=label.patient)
        for prediction, label in pairs
    ]
    patients = find_patients(Path(entries[0].path.anchor), entries, truth.tolist())
    scored = ScoredImages(
        classes=(info.classes[0], positive_name(info.classes)),
        labels=is_positive(truth).astype(np.int64),
        probabilities=np.column_stack([1 - score, score]),
        patients=np.array([patients.of[entry.path].key for entry in entries], np.str_),
        subgroups=np.full(len(pairs), "", np.str_),
        paths=tuple(prediction.path for prediction, _ in pairs),
        threshold=point.threshold,
        refused=np.array([prediction.status is Status.REFUSED for prediction, _ in pairs]),
    )
    return scored, patients.notices


def _own_probability(info: BundleInfo, prediction: SavedPrediction) -> float:
    """Returns the model's own probability, also of one that was restated for a prevalence."""
    assert prediction.probability is not None
    if prediction.prevalence is None:
        return prediction.probability
    ratio = 1 / odds_ratio(info, prediction.prevalence)
    return restated([1 - prediction.probability, prediction.probability], ratio)[1]


def _periods(
    scored: ScoredImages, labels: Sequence[LaterLabel], resampling: Resampling
) -> Iterator[Period]:
    assert scored.refused is not None
    months = np.array([f"{label.day:%Y-%m}" if label.day else "" for label in labels])
    names = sorted(set(months.tolist()), key=lambda name: (not name, name))  # without a date last
    for name in names:
        members = months == name
        result = evaluate_part(scored, members, np.zeros_like(members), resampling)
        shown = name or (NO_DATE if len(names) > 1 else ALL)
        yield Period(shown, int(np.count_nonzero(scored.refused & members)), result)


def _ends(periods: Sequence[Period]) -> tuple[Period, Period]:
    """Returns the first and the latest month; the same one if there is no other."""
    dated = [period for period in periods if period.name != NO_DATE]
    return dated[0], dated[-1]


def _compare(
    first: Period, latest: Period, point: OperatingPoint
) -> tuple[str, tuple[Change, ...]]:
    """Compares the latest month with the first, or with the validation."""
    since = VALIDATION if first is latest else first.name
    before: Mapping[str, Estimate | None] = (
        {"sensitivity": point.sensitivity, "specificity": point.specificity}
        if first is latest
        else first.result.estimates
    )
    now = latest.result.estimates
    changes = tuple(Change(name, was, now[name]) for name in COMPARED if (was := before[name]))
    return since if changes else "", changes


def _counts_alone(path: Path) -> DataError:
    return DataError(
        f"{path} holds counts alone: no images that labels could belong to",
        expected="a folder of images, a scored folder, or a CSV of predictions",
        received="a folder of counters",
        remedy="Give the images, or the CSV of their predictions",
        code="labels-without-images",
        values={"path": str(path)},
    )
