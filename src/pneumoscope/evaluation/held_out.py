"""A bundle against a labelled data set, on images and patients that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pneumoscope.dataset import read_images
from pneumoscope.evaluation.groups import evaluate_all, evaluate_classes, evaluate_subgroups
from pneumoscope.evaluation.report import write_report
from pneumoscope.evaluation.result import Evaluation
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.unseen import find_unseen, require_readable
from pneumoscope.inference import Predictor, load
from pneumoscope.parallel import Progress
from pneumoscope.statistics import RESAMPLES
from pneumoscope.types import ImageRecord, Prediction, Status


def evaluate(
    bundle: Path | str,
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
        bundle: the bundle, or the run folder that holds it.
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
    unseen = find_unseen(data, images, [predictor.bundle.seen()])
    records, predictions, broken = _predict(predictor, unseen.records, progress)
    unreadable = (*unseen.unreadable, *broken)
    require_readable(len(records), unreadable)
    classes = predictor.info.classes
    probabilities = np.array([[p.probabilities[c] for c in classes] for p in predictions])
    threshold = predictor.operating_point.threshold
    scored = ScoredImages.of(records, classes, probabilities, threshold)
    evaluation = Evaluation(
        model=predictor.info,
        data=data,
        scored=scored,
        overall=evaluate_all(scored, resamples=resamples, seed=seed),
        classes=evaluate_classes(scored, resamples=resamples, seed=seed),
        subgroups=evaluate_subgroups(scored, resamples=resamples, seed=seed),
        seen=unseen.seen,
        unreadable=unreadable,
        notices=images.notices,
        resamples=resamples,
        seed=seed,
    )
    if output is not None:
        write_report(evaluation, predictor, Path(output))
    return evaluation


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
