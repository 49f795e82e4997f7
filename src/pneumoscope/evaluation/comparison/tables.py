"""A comparison of models as tables."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.evaluation.comparison.difference import Difference
from pneumoscope.evaluation.comparison.result import ComparedModel, Comparison
from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.evaluation.tables import tabulate_groups
from pneumoscope.files import printable
from pneumoscope.tables import Part, Table, format_estimate, format_value

_DIFFERENCE = "difference (95 % interval)"


def tabulate_comparison(found: Comparison) -> Iterator[Part]:
    """Lists the differences of each model to the first, the tests, and the remarks on these."""
    for model in found.models[1:]:
        if model.difference is not None:
            yield _overall(found.first, model, model.difference)
            if model.difference.subgroups:
                yield tabulate_groups("subgroup", model.difference.subgroups, _DIFFERENCE)
            remarks = (printable(remark.text) for remark in model.difference.remarks)
            yield "\n".join([*_tests(model.difference), *remarks])
    yield f"{found.basis}; no p is adjusted for the number of comparisons"


def _overall(first: ComparedModel, model: ComparedModel, difference: Difference) -> Table:
    rows = tuple(
        (
            TITLES[name],
            format_value(first.overall.estimates[name].value),
            format_value(model.overall.estimates[name].value),
            format_estimate(estimate),
        )
        for name, estimate in difference.overall.estimates.items()
    )
    columns = ("measure", first.name, model.name, _DIFFERENCE)
    return Table(f"{model.name} less {first.name}", columns, rows)


def _tests(difference: Difference) -> tuple[str, str]:
    of_areas, of_calls = difference.delong, difference.mcnemar
    return (
        "DeLong, AUROC: not computable"
        if of_areas is None
        else f"DeLong, AUROC: {_p(of_areas.p)}, standard error {of_areas.standard_error:.4f}",
        "McNemar, right or wrong: not computable"
        if of_calls is None
        else f"McNemar, right or wrong: {_p(of_calls.p)}, right alone: the first on "
        f"{of_calls.only_first:,} images, this on {of_calls.only_second:,}",
    )


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
