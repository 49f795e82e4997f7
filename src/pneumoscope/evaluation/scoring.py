"""The predictions of models on the images of a cohort."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.evaluation.progress import ticker
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.gate import Judgement
from pneumoscope.inference import Predictor
from pneumoscope.notices import Notice
from pneumoscope.parallel import Progress
from pneumoscope.types import Prediction, Status


def score_images(
    predictors: Sequence[Predictor], cohort: Cohort, progress: Progress | None = None
) -> tuple[Cohort, list[ScoredImages]]:
    """Scores the same images by each model.

    Args:
        predictors: one or more models of the same classes.
        cohort: the images to score.
        progress: called with the number of predictions made and of all.

    Returns:
        The images that all models gave a probability, and the scores of each model.

    Raises:
        DataError: if no image got a probability from all models.
    """
    tick = ticker(len(predictors) * len(cohort), progress)
    broken: dict[int, Notice] = {}
    by_model = []
    for predictor in predictors:
        predictions = []
        shown = cohort.shown(predictor.info.geometry)
        for index, prediction in enumerate(predictor.predict_many(shown, withhold=False)):
            if prediction.status is Status.ERROR:
                broken[index] = tell_failure(prediction)
            predictions.append(prediction)
            tick(1)
        by_model.append(predictions)
    left = cohort.without(broken)
    scored = [
        _score(predictor, left, [each for i, each in enumerate(predictions) if i not in broken])
        for predictor, predictions in zip(predictors, by_model, strict=True)
    ]
    return left, scored


def tell_failure(prediction: Prediction) -> Notice:
    """Makes the notice that an image got no prediction, and why, of its record."""
    return Notice(str(prediction.error_code), str(prediction.error))


def _score(predictor: Predictor, cohort: Cohort, predictions: Sequence[Prediction]) -> ScoredImages:
    probabilities = [[p.probabilities[c] for c in predictor.info.classes] for p in predictions]
    if not predictor.refuses:
        return ScoredImages.of(cohort, predictor, np.array(probabilities))
    return ScoredImages.of(
        cohort,
        predictor,
        np.array(probabilities),
        np.array([prediction.status is Status.REFUSED for prediction in predictions]),
        [Judgement(p.reasons, p.warnings, p.distance) for p in predictions],
    )
