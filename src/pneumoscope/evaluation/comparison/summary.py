"""A comparison in brief: which model is better, in a sentence, and the main differences."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.evaluation.comparison.result import ComparedModel, Comparison
from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.files import printable
from pneumoscope.statistics import Estimate
from pneumoscope.tables import Part, Table, format_estimate

_MAIN = ("auroc", "sensitivity", "specificity", "balanced_accuracy")


def summarise_comparison(found: Comparison) -> Iterator[Part]:
    """Says which model is better, and lists the main differences of each to the first."""
    yield state_comparison(found)
    for model in found.models[1:]:
        yield _differences(found.first, model)
    yield found.basis


def state_comparison(found: Comparison) -> str:
    """Says of each model whether it is better than the first: a sentence, and a line, for each."""
    return "\n".join(
        state_difference(
            printable(model.name), printable(found.first.name), *_telling(found.first, model)
        )
        for model in found.models[1:]
    )


def state_difference(name: str, first: str, measure: str, difference: Estimate) -> str:
    """Words the difference of one model to the first.

    Args:
        name: name of the model.
        first: name of the first model.
        measure: title of the measure, of which more is better.
        difference: that of the model, less that of the first.
    """
    if difference.value is None:
        return f"{name} cannot be compared with {first}: {measure} is not computable."
    size = f"{abs(difference.value):.3f}"
    if difference.low is None or difference.high is None:
        if difference.value == 0:
            return f"{name} and {first} do not differ here: {measure} is the same."
        return (
            f"{measure} of {name} differs from that of {first} by {difference.value:+.3f}; "
            "without an interval, that could be chance."
        )
    ends = sorted((abs(difference.low), abs(difference.high)))
    if difference.low > 0 or difference.high < 0:
        than = "better" if difference.value > 0 else "worse"
        between = f"{ends[0]:.3f} to {ends[1]:.3f}"
        return f"{name} is {than} than {first} by {size} {measure} ({between})."
    return (
        f"{name} is not shown to differ from {first} in {measure}: by {difference.value:+.3f} "
        f"({difference.low:+.3f} to {difference.high:+.3f}), which could be chance."
    )


def _telling(first: ComparedModel, model: ComparedModel) -> tuple[str, Estimate]:
    """Picks the AUROC, or where images are of one side, the accuracy."""
    assert model.difference is not None  # none but the first is without
    estimates = model.difference.overall.estimates
    measure = "accuracy" if first.overall.estimates["auroc"].value is None else "auroc"
    return TITLES[measure], estimates[measure]


def _differences(first: ComparedModel, model: ComparedModel) -> Table:
    assert model.difference is not None
    estimates = model.difference.overall.estimates
    rows = tuple((TITLES[name], format_estimate(estimates[name])) for name in _MAIN)
    columns = ("measure", "difference (95 % interval)")
    return Table(f"{printable(model.name)} less {printable(first.name)}", columns, rows)
