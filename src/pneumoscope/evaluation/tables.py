"""An evaluation as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pneumoscope.evaluation.groups import GroupResult
from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.evaluation.result import Evaluation
from pneumoscope.files import printable
from pneumoscope.monitor.drift import tabulate_drift
from pneumoscope.statistics import FEW_PATIENTS
from pneumoscope.tables import Part, Table, format_estimate

VALUE = "value (95 % interval)"


def tabulate_evaluation(found: Evaluation) -> Iterator[Part]:
    """Lists the measures of the whole set and of its groups, the refusals and the drift."""
    yield tabulate_overall(found)
    for kind, groups in (("class", found.classes), ("subgroup", found.subgroups)):
        if groups:
            yield tabulate_groups(kind, groups)
    if found.coverage:
        yield str(found.coverage)
    if found.drift.missing:
        yield f"Drift not computable: {found.drift.missing}"
    else:
        yield tabulate_drift(found.drift)
    yield found.basis


def tabulate_overall(found: Evaluation) -> Table:
    """Tabulates the measures of the whole set, titled with model and threshold."""
    estimates = found.overall.estimates.items()
    return Table(
        f"{found.model.name}: {found.scored.positive_name} from {found.scored.threshold:.4g} up "
        f"({found.operating_point.name})",
        ("measure", VALUE),
        tuple((TITLES[name], format_estimate(estimate)) for name, estimate in estimates),
    )


def tabulate_groups(kind: str, groups: Mapping[str, GroupResult], value: str = VALUE) -> Table:
    """Tabulates the measures of several groups, those of a group below one another.

    Args:
        kind: kind of the groups: "class" or "subgroup".
        groups: measures of each group, by its name.
        value: heading of the column of the estimates.
    """
    columns = (kind, "images\n(patients)", "measure", value)
    rows = tuple(row for name, group in groups.items() for row in _group_rows(name, group))
    others = "the rest" if kind == "class" else "the other side"
    return Table(f"Each {kind} against {others}", columns, rows)


def _group_rows(name: str, group: GroupResult) -> Iterator[tuple[str, ...]]:
    few = ", few" if group.patients < FEW_PATIENTS else ""
    head = (printable(name), f"{group.images:,} ({group.patients:,}{few})")
    for measure, estimate in group.estimates.items():
        yield *head, TITLES[measure], format_estimate(estimate)
        head = ("", "")
