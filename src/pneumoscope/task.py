"""The task: what is positive, how probabilities become a score, and a score a call.

Class 0 is the reference ("Normal"); all other classes together are the positive side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_positive(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether classes, true or called, are on the positive side.

    Args:
        labels: indices of classes, int64 of any shape.

    Returns:
        bool of the same shape.
    """
    positive: NDArray[np.bool_] = labels != 0
    return positive


def positive_score(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of the positive side.

    Args:
        probabilities: of the c >= 2 classes, float64 of shape (..., c). Those of a network add up
            to one only roughly.

    Returns:
        float64 of shape (...), 1 at most.
    """
    score: NDArray[np.float64] = np.minimum(probabilities[..., 1:].sum(axis=-1), 1.0)
    return score


def called_positive(
    score: NDArray[np.float64], threshold: float | NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether images are called positive: those whose score is the threshold or more.

    Args:
        score: of the positive side, float64.
        threshold: of an operating point, or several, of a shape that broadcasts with the score's.

    Returns:
        bool of the shape that both broadcast to.
    """
    called: NDArray[np.bool_] = score >= threshold
    return called


def called_class(probabilities: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """The class that images are called.

    It is the likeliest class but the reference for those called positive, the first of equals;
    the reference for the others.

    Args:
        probabilities: of the c >= 2 classes, float64 of shape (..., c).
        threshold: of an operating point.

    Returns:
        int64 of shape (...), each in 0 to c - 1.
    """
    likeliest: NDArray[Any] = 1 + np.argmax(probabilities[..., 1:], axis=-1)
    called = called_positive(positive_score(probabilities), threshold)
    return np.where(called, likeliest, 0).astype(np.int64)
