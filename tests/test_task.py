"""Scores and calls, by hand and against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pneumoscope.task import called_class, called_positive, is_positive, positive_score

PROBABILITIES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.integers(2, 12)),
    elements=st.floats(0.0, 1.0, width=32),
).map(lambda values: values.astype(np.float64))

CALLS = {  # probabilities, threshold, class
    "below": ((0.6, 0.4), 0.5, 0),
    "at": ((0.5, 0.5), 0.5, 1),
    "above": ((0.4, 0.6), 0.5, 1),
    "several together": ((0.4, 0.2, 0.4), 0.5, 2),
    "likelier than each, and called": ((0.4, 0.3, 0.3), 0.5, 1),
    "likeliest, and not called": ((0.3, 0.7), 0.8, 0),
    "everything": ((1.0, 0.0), 0.0, 1),
    "more than one": ((0.0, 1.004), 1.0, 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    probabilities, threshold, expected = CALLS[name]
    called = called_class(np.array(probabilities), threshold)
    assert called.dtype == np.int64
    assert called.shape == ()
    assert called == expected


def test_the_reference_is_negative() -> None:
    assert is_positive(np.array([0, 1, 2, 0])).tolist() == [False, True, True, False]


def test_several_thresholds() -> None:
    called = called_positive(np.array([[0.2], [0.8]]), np.array([0.1, 0.8, 0.9]))
    assert called.tolist() == [[True, False, False], [True, True, False]]


@given(PROBABILITIES, st.floats(0.0, 1.0))
def test_a_prediction_does_not_depend_on_other_images(
    probabilities: np.ndarray, threshold: float
) -> None:
    scores, calls = positive_score(probabilities), called_class(probabilities, threshold)
    for row, score, call in zip(probabilities, scores, calls, strict=True):
        assert positive_score(row) == score  # to the last bit
        assert called_class(row, threshold) == call


@given(PROBABILITIES, st.floats(0.0, 1.0))
def test_who_is_called_positive_is_called_a_positive_class(
    probabilities: np.ndarray, threshold: float
) -> None:
    score = positive_score(probabilities)
    assert score.min() >= 0
    assert score.max() <= 1
    np.testing.assert_allclose(score, [min(1.0, math.fsum(row[1:])) for row in probabilities])
    calls = called_class(probabilities, threshold)
    assert (is_positive(calls) == called_positive(score, threshold)).all()
    rows = np.flatnonzero(is_positive(calls))
    assert (probabilities[rows, calls[rows]] == probabilities[rows, 1:].max(axis=1)).all()
