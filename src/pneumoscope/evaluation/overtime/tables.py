"""The performance of a model in service as a table by month."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.evaluation.groups import SUBGROUP_METRICS
from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.evaluation.overtime.result import PerformanceOverTime, Period
from pneumoscope.files import name_few
from pneumoscope.statistics import FEW_PATIENTS
from pneumoscope.tables import Part, Table, in_two_lines


def tabulate_performance(found: PerformanceOverTime) -> Iterator[Part]:
    """Lists the measures by month, the refusals, and what could not be measured."""
    point = found.operating_point
    yield Table(
        f"{found.model.name} in service, at a threshold of {point.threshold:.4g} ({point.name})",
        ("month", "images\n(patients)", "refused", *(TITLES[name] for name in SUBGROUP_METRICS)),
        tuple(map(_row, found.periods)),
    )
    if found.coverage:
        yield str(found.coverage)
    for text, paths in (
        ("Images to which no label fits, or more than one", found.without_label),
        ("Labels to which no image fits, or more than one", found.without_image),
        ("Labelled images that got no answer", found.unanswered),
        ("Left out, of the training or of its patients", found.seen),
    ):
        if paths:
            yield f"{text}: {len(paths):,} ({name_few(paths)})"
    yield found.basis


def _row(period: Period) -> tuple[str, ...]:
    result = period.result
    few = ", few" if result.patients < FEW_PATIENTS else ""
    return (
        period.name,
        f"{result.images:,}\n({result.patients:,}{few})",
        f"{period.refused:,}",
        *(in_two_lines(result.estimates[name]) for name in SUBGROUP_METRICS),
    )
