"""The task: the positive side, the score made of probabilities, and the class that it predicts.

Class 0 is the reference ("Normal"); all other classes together are the positive side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_PROBABILITY = float(np.finfo(np.float32).tiny)
"""Least probability whose logarithm is taken: that of 0 is no logit."""


def positive_name(classes: Sequence[str]) -> str:
    """Names the positive side, whose probability is the score, by the names of the classes."""
    return classes[1] if len(classes) == 2 else f"any class but {classes[0]}"


def is_positive(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Returns whether classes, true or predicted, are on the positive side.

    Args:
        labels: indices of the classes, int64 of any shape.

    Returns:
        bool of the same shape.
    """
    positive: NDArray[np.bool_] = labels != 0
    return positive


def positive_score(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Computes the score: the probability of the positive side.

    Args:
        probabilities: probabilities of the c >= 2 classes, float64 of shape (..., c). Those of a
            network add up to one only roughly.

    Returns:
        float64 of shape (...), 1 at most.
    """
    score: NDArray[np.float64] = np.minimum(probabilities[..., 1:].sum(axis=-1), 1.0)
    return score


def called_positive(
    score: NDArray[np.float64], threshold: float | NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Returns whether images are called positive: those whose score is the threshold or more.

    Args:
        score: score of the images, float64 of any shape.
        threshold: threshold of an operating point, or several, of a shape that broadcasts with that
            of the score.

    Returns:
        bool of the shape that both broadcast to.
    """
    called: NDArray[np.bool_] = score >= threshold
    return called


def called_class(probabilities: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Predicts the class of images.

    It is the likeliest class other than the reference for images called positive, the first of
    equals; and the reference class for all others.

    Args:
        probabilities: probabilities of the c >= 2 classes, float64 of shape (..., c).
        threshold: threshold of an operating point.

    Returns:
        Indices of the predicted classes, int64 of shape (...), each from 0 to c - 1.
    """
    likeliest: NDArray[Any] = 1 + np.argmax(probabilities[..., 1:], axis=-1)
    called = called_positive(positive_score(probabilities), threshold)
    return np.where(called, likeliest, 0).astype(np.int64)
