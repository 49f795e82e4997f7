"""What models say of the same images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.unseen import UnseenImages, require_readable
from pneumoscope.gate import Judgement as Verdict
from pneumoscope.inference import Predictor
from pneumoscope.parallel import Progress
from pneumoscope.types import ImageRecord, Prediction, Status


def score_images(
    predictors: Sequence[Predictor], unseen: UnseenImages, progress: Progress | None = None
) -> tuple[list[ScoredImages], tuple[str, ...]]:
    """Has each model score the same images.

    Args:
        predictors: one or more models of the same classes.
        unseen: what to score.
        progress: called with the number of images predicted and of all, the models together.

    Returns:
        What each model said of the images that all could read, in one order; and why each other
        file was left out, those of `unseen` among them.

    Raises:
        DataError: if no image could be read.
    """
    records = unseen.records
    total = len(predictors) * len(records)
    broken: dict[int, str] = {}
    by_model = []
    for number, predictor in enumerate(predictors):
        predictions = []
        paths = (record.path for record in records)
        results = predictor.predict_many(paths, withhold=False)
        for index, prediction in enumerate(results):
            if prediction.status is Status.ERROR:
                broken[index] = str(prediction.error)
            predictions.append(prediction)
            if progress:
                progress(number * len(records) + index + 1, total)
        by_model.append(predictions)
    unreadable = (*unseen.unreadable, *broken.values())
    kept = [index for index in range(len(records)) if index not in broken]
    require_readable(len(kept), unreadable)
    scored = [
        _score(predictor, [records[i] for i in kept], [predictions[i] for i in kept])
        for predictor, predictions in zip(predictors, by_model, strict=True)
    ]
    return scored, unreadable


def _score(
    predictor: Predictor, records: Sequence[ImageRecord], predictions: Sequence[Prediction]
) -> ScoredImages:
    classes = predictor.info.classes
    probabilities = np.array([[p.probabilities[c] for c in classes] for p in predictions])
    refused = np.array([prediction.status is Status.REFUSED for prediction in predictions])
    return ScoredImages.of(
        records,
        classes,
        probabilities,
        predictor.operating_point.threshold,
        refused if predictor.refuses else None,
        [Verdict(p.reasons, p.warnings, p.distance) for p in predictions]
        if predictor.refuses
        else (),
    )
