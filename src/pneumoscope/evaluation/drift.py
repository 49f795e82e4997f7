"""The drift of the images and scores of an evaluation from those of the training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pneumoscope.bundle import DISTANCE, REFUSED, SCORE, Bundle
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.monitor.drift import Drift, make_drift, no_reference
from pneumoscope.monitor.predictions import UNDECIDED
from pneumoscope.statistics import FloatArray, measure_shift


def measure_drift(bundle: Bundle, facts: Mapping[str, FloatArray], scored: ScoredImages) -> Drift:
    """Measures the drift of images and scores from those of the training.

    Refused is what the gate refuses, as in the reference, and not what is undecided. The facts are
    those of the images as the network gets them (`imaging.picture`), both here and in the training.
    Another prevalence of the classes shifts them, too.

    Args:
        bundle: the model, with the summary of its training images.
        facts: facts of the images by name (`imaging.tabulate_pixels`), float64 of shape (n,).
        scored: the n images with their scores.
    """
    reference = bundle.reference()
    if reference is None:
        return no_reference()
    columns = {**facts, SCORE: scored.score}
    if DISTANCE in reference and scored.judgements:
        distances = [each.distance for each in scored.judgements]
        columns[DISTANCE] = np.array(distances, np.float64)  # NaN for None, beyond all bins
        reasons = ({reason.code for reason in each.reasons} for each in scored.judgements)
        columns[REFUSED] = np.array([bool(codes - {UNDECIDED}) for codes in reasons], np.float64)
    return make_drift(
        {
            name: measure_shift(reference[name], values, scored.n_patients)
            if name in reference
            else None
            for name, values in columns.items()
        }
    )
