"""Thresholds by split conformal prediction, which are valid whatever the distribution."""

from __future__ import annotations

import numpy as np

from pneumoscope.statistics.arrays import FloatArray


def upper_threshold(values: FloatArray, share: float) -> tuple[float, float]:
    """Chooses a threshold that a new case exceeds with a probability of `share` at most.

    It is one of the values, chosen by its rank so that this holds whatever their distribution, if
    the new case is exchangeable with them (split conformal prediction: Lei et al., J Am Stat Assoc
    2018;113:1094-1111). With fewer values than 1 / share - 1 it is the greatest of them.

    Args:
        values: values of n >= 1 cases, shape (n,).
        share: greatest probability of exceeding the threshold, in (0, 1).

    Returns:
        The threshold; and the probability that holds for it, which is above `share` where there
        are too few values.
    """
    n = len(values)
    rank = min(n, int(np.ceil((n + 1) * (1 - share))))
    return float(np.sort(values)[rank - 1]), 1 - rank / (n + 1)
