"""What is left of a data set when all that some models have seen is taken out, and its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pneumoscope.bundle import Bundle, Seen
from pneumoscope.dataset import read_images
from pneumoscope.errors import DataError, ImageError
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.imaging import read_bytes
from pneumoscope.inference import Predictor
from pneumoscope.parallel import Progress, in_parallel
from pneumoscope.types import ImageRecord, Prediction, Status


@dataclass(frozen=True)
class UnseenImages:
    """The images that none of some models has seen.

    Attributes:
        records: the images, with their hashes.
        seen: number of images that were left out because a model was made with them, or with
            others of their patients.
        unreadable: why each file that could not be read was left out.
        notices: what a person should know about how the data set was understood.
    """

    records: tuple[ImageRecord, ...]
    seen: int
    unreadable: tuple[str, ...]
    notices: tuple[str, ...]


def read_unseen(data: Path, bundles: Sequence[Bundle]) -> UnseenImages:
    """Reads a data set, and leaves out what any of the bundles was trained or chosen on.

    Args:
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        bundles: one or more.

    Raises:
        ClassMismatchError: if a bundle has other classes than the data.
        DataError: if the data cannot be used, or holds nothing that no model has seen.
    """
    for geometry in {bundle.info.geometry for bundle in bundles}:
        images = read_images(data, geometry)
    for bundle in bundles:
        bundle.info.require_classes(images.classes, data)
    hashed = in_parallel(_with_hash, images.records)
    found = [record for record in hashed if isinstance(record, ImageRecord)]
    known = [bundle.seen() for bundle in bundles]
    unseen = tuple(r for r in found if not any(_was_seen(r, seen) for seen in known))
    if not unseen:
        raise DataError(
            f"{data} holds no image to evaluate on",
            expected="images that no model here was made with",
            received=f"{len(found)} readable images, all of which are known to one",
            remedy="Give other data, or train with a larger --test-share",
        )
    unreadable = tuple(str(error) for error in hashed if isinstance(error, ImageError))
    return UnseenImages(unseen, len(found) - len(unseen), unreadable, images.notices)


def score_images(
    predictors: Sequence[Predictor], images: UnseenImages, progress: Progress | None = None
) -> tuple[list[ScoredImages], tuple[str, ...]]:
    """Has each model score the same images.

    Args:
        predictors: one or more models of the same classes.
        images: what to score.
        progress: called with the number of images predicted and of all, the models together.

    Returns:
        What each model said of the images that all could read, in one order; and why each other
        file was left out, those of `images` among them.

    Raises:
        DataError: if no image could be read.
    """
    records = images.records
    total = len(predictors) * len(records)
    broken: dict[int, str] = {}
    by_model = []
    for number, predictor in enumerate(predictors):
        predictions = []
        results = predictor.predict_many(record.path for record in records)
        for index, prediction in enumerate(results):
            if prediction.status is Status.ERROR:
                broken[index] = str(prediction.error)
            predictions.append(prediction)
            if progress:
                progress(number * len(records) + index + 1, total)
        by_model.append(predictions)
    unreadable = (*images.unreadable, *broken.values())
    kept = [index for index in range(len(records)) if index not in broken]
    if not kept:
        raise DataError(
            "None of the images could be read",
            received=f"{len(unreadable)} broken files; the first: {unreadable[0]}",
            remedy="Check the files",
        )
    scored = [
        _score(predictor, [records[i] for i in kept], [predictions[i] for i in kept])
        for predictor, predictions in zip(predictors, by_model, strict=True)
    ]
    return scored, unreadable


def _with_hash(record: ImageRecord) -> ImageRecord | ImageError:
    if record.sha256:
        return record
    try:
        return replace(record, sha256=read_bytes(record.path).sha256)
    except ImageError as error:
        return error


def _was_seen(record: ImageRecord, seen: Seen) -> bool:
    # By patient as well as by image: the same radiograph may have been scaled or saved anew.
    return seen.has_image(record.sha256) or (
        record.patient_known and seen.has_patient(record.patient)
    )


def _score(
    predictor: Predictor, records: Sequence[ImageRecord], predictions: Sequence[Prediction]
) -> ScoredImages:
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
