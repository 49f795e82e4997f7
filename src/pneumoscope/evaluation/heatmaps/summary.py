"""A check of heatmaps in brief: whether to trust them, and what they gain over other places."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.evaluation.heatmaps.meaning import better_than, meaning, misses_planted
from pneumoscope.evaluation.heatmaps.result import KINDS, ORDERS, HeatmapCheck
from pneumoscope.statistics import FEW_PATIENTS
from pneumoscope.tables import Part, Table, format_estimate


def summarise_heatmaps(found: HeatmapCheck) -> Iterator[Part]:
    """Says whether to trust the heatmaps, and lists their gains over other places."""
    yield state_heatmaps(found)
    yield _gains(found)
    yield found.basis


def state_heatmaps(found: HeatmapCheck) -> str:
    """Says whether to trust the heatmaps, and what was measured of them."""
    needed = better_than(found, "random")
    if needed is None:
        advice = "Do not rely on these heatmaps: the check could not be done."
    elif not needed or misses_planted(found):
        advice = "Do not rely on these heatmaps."
    elif not better_than(found, "centre"):
        advice = (
            "Rely on these heatmaps with care only: the centre of an image may show as well what "
            "the network uses."
        )
    elif found.cohort.n_patients < FEW_PATIENTS:
        advice = (
            "Rely on these heatmaps with care only: they were checked on images of few patients."
        )
    else:
        advice = (
            "These heatmaps may be relied on to show what the network uses, which need not be the "
            "disease."
        )
    return f"{advice} {meaning(found)}"


def _gains(found: HeatmapCheck) -> Table:
    part = found.perturbation["all"]
    rows = tuple(
        (kind, *(format_estimate(part.gains[kind][order]) for order in ORDERS[1:]))
        for kind in KINDS
    )
    columns = ("", *(f"better than {order} by\n(95 % interval)" for order in ORDERS[1:]))
    return Table("What heatmaps gain over other places", columns, rows)
