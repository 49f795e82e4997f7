"""A bundle against a labelled data set, on images and patients that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pneumoscope.bundle import Seen
from pneumoscope.dataset import read_images
from pneumoscope.errors import DataError, ImageError
from pneumoscope.evaluation.groups import evaluate_all, evaluate_classes, evaluate_subgroups
from pneumoscope.evaluation.report import write_report
from pneumoscope.evaluation.result import Evaluation
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.imaging import read_bytes
from pneumoscope.inference import Predictor, load
from pneumoscope.parallel import Progress, in_parallel
from pneumoscope.statistics import RESAMPLES
from pneumoscope.types import ImageRecord, Prediction, Status


def evaluate(
    bundle: Path | str | None,
    data: Path | str,
    output: Path | str | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluates a bundle on the images of a data set that had no part in making it.

    Left out are the images that it was trained or chosen on, and all other images of their
    patients, where the file names tell who these are.

    Args:
        bundle: the bundle, the run folder that holds it, or the name of a model that ships; None
            for the default model.
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        output: where to write the figures, `metrics.json` and `predictions.csv`; nowhere by
            default.
        resamples: of the bootstrap behind the intervals.
        seed: of the bootstrap.
        progress: called with the number of images predicted and of all.

    Raises:
        BundleError: if the bundle cannot be used, or has other classes than the data.
        DataError: if the data cannot be used, or holds nothing that the model has not seen.
        StorageError: if `output` cannot be written.
    """
    data = Path(data)
    predictor = load(bundle)
    images = read_images(data, predictor.info.geometry)
    predictor.info.require_classes(images.classes, data)
    hashed = in_parallel(_with_hash, images.records)
    found = [record for record in hashed if isinstance(record, ImageRecord)]
    unseen = _unseen(found, predictor.bundle.seen())
    if not unseen:
        raise DataError(
            f"{data} holds no image to evaluate on",
            expected="images that the model was not made with",
            received=f"{len(found)} readable images, all of which it knows",
            remedy="Give other data, or train with a larger --test-share",
        )
    records, predictions, broken = _predict(predictor, unseen, progress)
    unreadable = [str(error) for error in hashed if isinstance(error, ImageError)] + broken
    scored = _score(predictor, records, predictions, unreadable)
    evaluation = Evaluation(
        model=predictor.info,
        data=data,
        scored=scored,
        overall=evaluate_all(scored, resamples=resamples, seed=seed),
        classes=evaluate_classes(scored, resamples=resamples, seed=seed),
        subgroups=evaluate_subgroups(scored, resamples=resamples, seed=seed),
        seen=len(found) - len(unseen),
        unreadable=tuple(unreadable),
        notices=images.notices,
        resamples=resamples,
        seed=seed,
    )
    if output is not None:
        write_report(evaluation, predictor, Path(output))
    return evaluation


def _with_hash(record: ImageRecord) -> ImageRecord | ImageError:
    if record.sha256:
        return record
    try:
        return replace(record, sha256=read_bytes(record.path).sha256)
    except ImageError as error:
        return error


def _unseen(records: Sequence[ImageRecord], seen: Seen) -> list[ImageRecord]:
    # By patient as well as by image: the same radiograph may have been scaled or saved anew.
    return [
        record
        for record in records
        if not seen.has_image(record.sha256)
        and not (record.patient_known and seen.has_patient(record.patient))
    ]


def _predict(
    predictor: Predictor, records: Sequence[ImageRecord], progress: Progress | None
) -> tuple[list[ImageRecord], list[Prediction], list[str]]:
    kept, predictions, broken = [], [], []
    results = predictor.predict_many(record.path for record in records)
    for done, (record, prediction) in enumerate(zip(records, results, strict=True), start=1):
        if prediction.status is Status.ERROR:
            broken.append(str(prediction.error))
        else:
            kept.append(record)
            predictions.append(prediction)
        if progress:
            progress(done, len(records))
    return kept, predictions, broken


def _score(
    predictor: Predictor,
    records: Sequence[ImageRecord],
    predictions: Sequence[Prediction],
    unreadable: Sequence[str],
) -> ScoredImages:
    if not records:
        raise DataError(
            "None of the images could be read",
            received=f"{len(unreadable)} broken files; the first: {unreadable[0]}",
            remedy="Check the files",
        )
    classes = predictor.info.classes
    return ScoredImages(
        classes=classes,
        labels=np.array([record.label for record in records], dtype=np.int64),
        probabilities=np.array([[p.probabilities[c] for c in classes] for p in predictions]),
        patients=np.array([record.patient for record in records], dtype=np.str_),
        subgroups=np.array([record.subgroup for record in records], dtype=np.str_),
        paths=tuple(str(record.path) for record in records),
        threshold=predictor.operating_point.threshold,
        groups={
            name: np.array([record.groups.get(name, "") for record in records], dtype=np.str_)
            for name in sorted({name for record in records for name in record.groups})
        },
    )
