"""The probabilities before calibration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from pneumoscope.evaluation.groups import evaluate_all
from pneumoscope.evaluation.uncalibrated import undo_calibration
from pneumoscope.statistics import Resampling
from pneumoscope.types import Calibration

FITTED = Calibration(True, 1.7, (0.0, -0.8), 0.5, 80, 50, {}, {})


def test_what_was_fitted_is_taken_out_again(make_scored):
    scored = make_scored()
    logits = np.log(scored.probabilities)
    after = softmax(logits / FITTED.temperature + np.array(FITTED.biases), axis=1)
    found = undo_calibration(replace(scored, probabilities=after), FITTED, Resampling(40, 0))
    assert found.scored.probabilities == pytest.approx(scored.probabilities)
    expected = evaluate_all(scored, Resampling(40, 0)).estimates
    for name, estimate in found.estimates.items():
        assert estimate.value == pytest.approx(expected[name].value)
        assert estimate.low == pytest.approx(expected[name].low)
    assert set(found.estimates) == {"log_loss", "brier", "ece"}


def test_certainty_stays_finite(make_scored):
    scored = make_scored()
    certain = np.eye(2)[scored.labels]
    found = undo_calibration(replace(scored, probabilities=certain), FITTED, Resampling(5, 0))
    assert np.isfinite(found.scored.probabilities).all()


@pytest.mark.parametrize("calibration", [None, replace(FITTED, fitted=False)])
def test_nothing_was_fitted(calibration, make_scored):
    assert undo_calibration(make_scored(), calibration, Resampling(5, 0)) is None
