"""The estimates of a stress validation: of each condition, of their mean, and of the worst."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from pneumoscope.bundle import BundleInfo
from pneumoscope.evaluation.groups import GroupResult, evaluate_part
from pneumoscope.evaluation.metrics import all_metrics
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.stress.conditions import CLEAN, HIDDEN
from pneumoscope.evaluation.stress.result import MEASURES, Measures, ModelStress
from pneumoscope.statistics import BoolArray, FloatArray, Resampling

_MEAN, _WORST = "mean", "worst"


def measure_model(
    label: str,
    info: BundleInfo,
    scored: Mapping[str, ScoredImages],
    batches: Mapping[str, BoolArray],
    resampling: Resampling,
) -> ModelStress:
    """Measures each condition, the mean and the lowest over those that are changes, and batches.

    All conditions are measured on the same resamples of patients. The interval of the lowest is
    made from the lowest of each resample, whichever condition that is: it lies a little too low,
    since each resample may by chance be worse under one of them.

    Args:
        label: name of the model, different from those of the others.
        info: description of the model.
        scored: scores of the n images, by condition.
        batches: True for each image of a batch, all of one side, shape (n,), by name of the batch.
        resampling: resamples of the patients.

    Returns:
        The estimates.
    """
    clean = scored[CLEAN]
    names = (*scored, _MEAN, _WORST)
    sides = {"sensitivity": clean.positive, "specificity": ~clean.positive}
    found = resampling.estimate(
        partial(_measure, scored),
        clean.patients,
        {f"{row} {measure}": side for row in names for measure, side in sides.items()},
    )
    rows = {row: {measure: found[f"{row} {measure}"] for measure in MEASURES} for row in names}
    mean, worst = rows.pop(_MEAN), rows.pop(_WORST)
    return ModelStress(
        label=label,
        version=info.version,
        threshold=clean.threshold,
        conditions=rows,
        mean=mean,
        worst=worst,
        worst_at=_worst_at(rows),
        batches={
            name: _measure_batch(clean, members, resampling) for name, members in batches.items()
        },
    )


def _measure(scored: Mapping[str, ScoredImages], weights: FloatArray) -> dict[str, FloatArray]:
    """Computes each measure of each condition, shape (r,), under the key "condition measure"."""
    values = {name: all_metrics(images, weights) for name, images in scored.items()}
    changes = [values[name] for name in _changes(scored)]
    for row, over in ((_MEAN, np.mean), (_WORST, np.min)):
        values[row] = {m: over([change[m] for change in changes], axis=0) for m in MEASURES}
    return {f"{row} {m}": measures[m] for row, measures in values.items() for m in MEASURES}


def _worst_at(rows: Mapping[str, Measures]) -> dict[str, str]:
    lowest = {}
    for measure in MEASURES:
        values = {name: rows[name][measure].value for name in _changes(rows)}
        known = {name: value for name, value in values.items() if value is not None}
        if known:
            lowest[measure] = min(known, key=lambda name: known[name])
    return lowest


def _changes(names: Mapping[str, object]) -> list[str]:
    return [name for name in names if name not in (CLEAN, HIDDEN)]


def _measure_batch(clean: ScoredImages, members: BoolArray, resampling: Resampling) -> GroupResult:
    others = clean.positive != clean.positive[members][0]
    return evaluate_part(clean, members, others, resampling)
