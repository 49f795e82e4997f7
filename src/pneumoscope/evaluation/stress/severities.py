"""The changes at each of their severities: how far a model degrades as a change grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from pneumoscope.evaluation.metrics import all_metrics
from pneumoscope.evaluation.stress.conditions import CLEAN, Condition
from pneumoscope.evaluation.stress.predict import Outcome
from pneumoscope.evaluation.stress.result import CURVE_MEASURES, MEASURES, Curves
from pneumoscope.imaging.changes import CHANGES, MODERATE, SEVERITIES, Change, Grey
from pneumoscope.statistics import FloatArray, Resampling, known_mean

GRADED: Mapping[str, Change] = {name: c for name, c in CHANGES.items() if c.amounts}
"""The changes that have severities."""

_MEAN = "mean"


def other_severities() -> tuple[Condition, ...]:
    """Makes the conditions of the graded changes at all severities but the usual one."""
    return tuple(
        Condition(
            _name(change, severity),
            change.group,
            change.describe(severity),
            partial(_alter, change, severity),
        )
        for change in GRADED.values()
        for severity in SEVERITIES
        if severity != MODERATE
    )


def measure_curves(outcomes: Mapping[str, Outcome], resampling: Resampling) -> Curves:
    """Measures each graded change at each severity, and their mean.

    The mean over changes at each severity is that of Hendrycks and Dietterich (2019,
    arXiv:1903.12261), of the measures themselves and not of errors relative to another model.

    Args:
        outcomes: predictions of one model by condition: unchanged images, and all graded changes.
        resampling: resamples of the patients.

    Returns:
        The estimates at severities 1 to 5 by change, and of their "mean" last.
    """
    clean = outcomes[CLEAN].scored
    denominators = {
        "sensitivity": clean.positive,
        "specificity": ~clean.positive,
        "agreement": np.ones_like(clean.positive),
    }
    names = (*GRADED, _MEAN)
    found = resampling.estimate(
        partial(_measure, outcomes),
        clean.patients,
        {
            f"{name} {severity} {measure}": of
            for name in names
            for severity in SEVERITIES
            for measure, of in denominators.items()
        },
    )
    return {
        name: tuple(
            {measure: found[f"{name} {severity} {measure}"] for measure in CURVE_MEASURES}
            for severity in SEVERITIES
        )
        for name in names
    }


def _measure(outcomes: Mapping[str, Outcome], weights: FloatArray) -> dict[str, FloatArray]:
    """Computes each measure of each step, shape (r,), under the key "change severity measure"."""
    clean = outcomes[CLEAN].scored
    values: dict[str, FloatArray] = {}
    for severity in SEVERITIES:
        steps = {}
        for name, change in GRADED.items():
            outcome = outcomes[_name(change, severity)]
            metrics = all_metrics(outcome.scored, weights)
            same = (outcome.scored.predicted == clean.predicted).astype(np.float64)
            steps[name] = {measure: metrics[measure] for measure in MEASURES} | {
                "agreement": known_mean(same, weights),
                "map_correlation": known_mean(outcome.map_correlation, weights),
            }
        for measure in CURVE_MEASURES:
            each = {name: step[measure] for name, step in steps.items()}
            each[_MEAN] = np.mean(list(each.values()), axis=0)
            values |= {f"{name} {severity} {measure}": value for name, value in each.items()}
    return values


def descriptions() -> Iterator[tuple[str, list[str]]]:
    """Describes each graded change at severities 1 to 5, by its name."""
    for name, change in GRADED.items():
        yield name, [change.describe(severity) for severity in SEVERITIES]


def _name(change: Change, severity: int) -> str:
    return change.name if severity == MODERATE else f"{change.name} {severity}"


def _alter(change: Change, severity: int, pixels: Grey, _: bool) -> Grey:
    return change(pixels, severity)
