"""A stress validation in brief: the worst change and what it costs, and a row for each kind."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.evaluation.stress.conditions import CLEAN, HIDDEN
from pneumoscope.evaluation.stress.result import ModelStress, Stress
from pneumoscope.files import printable
from pneumoscope.statistics import Estimate
from pneumoscope.tables import Part, Table, format_estimate, format_value

STATED = ("auroc", "balanced_accuracy")
"""Measures whose worst change is stated."""


def summarise_stress(found: Stress) -> Iterator[Part]:
    """Says what the worst change costs each model, and lists unchanged, mean, worst and hidden."""
    yield state_stress(found)
    for model in found.models:
        yield _rows(model)
    yield found.basis


def state_stress(found: Stress) -> str:
    """Says of each model what the worst change costs, a line for each."""
    several = len(found.models) > 1
    return "\n".join(
        f"{printable(model.label)}: {text}" if several else text
        for model in found.models
        for text in [state_worst(model, found.changes)]
    )


def state_worst(model: ModelStress, changes: int) -> str:
    """Says which of the changes is the worst for a model, and what it costs.

    Args:
        model: the stress validation of the model.
        changes: number of changes.
    """
    clean = model.conditions[CLEAN]
    parts = [
        f"{TITLES[measure]} {model.worst[measure]} under {model.worst_at[measure]}, in place of "
        f"{format_value(clean[measure].value)}{_reading(model.worst[measure], clean[measure])}"
        for measure in STATED
        if measure in model.worst_at
    ]
    if not parts:
        return "What changes cost is not computable."
    return f"The worst of {changes} changes: {'; '.join(parts)}."


def lies_below(low: Estimate, high: Estimate) -> bool:
    """Tells whether the interval of one estimate lies below that of the other.

    Where one of the two has no interval, as a perfect figure has none, its value stands for it.
    """
    if low.value is None or high.value is None or low.high is high.low is None:
        return False
    ends = (
        low.value if low.high is None else low.high,
        high.value if high.low is None else high.low,
    )
    return ends[0] < ends[1]


def _reading(worst: Estimate, clean: Estimate) -> str:
    if worst.low is None and clean.low is None:
        return ""
    return ", more than chance" if lies_below(worst, clean) else ", which could be chance"


def _rows(model: ModelStress) -> Table:
    rows = {"as they are": model.conditions[CLEAN], "mean of changes": model.mean}
    cells = [(name, *(format_estimate(each[m]) for m in STATED)) for name, each in rows.items()]
    worst = (
        f"{format_estimate(model.worst[m])}\n{model.worst_at.get(m, '')}".rstrip() for m in STATED
    )
    hidden = (format_estimate(model.conditions[HIDDEN][m]) for m in STATED)
    return Table(
        f"{printable(model.label)}: value (95 % interval)",
        ("images", *(TITLES[measure] for measure in STATED)),
        (*cells, ("worst change", *worst), ("lungs hidden", *hidden)),
    )
