"""The tables of a check of heatmaps."""

from __future__ import annotations

from pneumoscope.evaluation.heatmaps.result import KINDS, ORDERS, HeatmapCheck
from pneumoscope.files import printable
from pneumoscope.tables import Table, format_estimate, format_value

_LAYERS = {"head": "the head", "all": "all layers"}


def tabulate_heatmaps(found: HeatmapCheck) -> list[Table]:
    """Tabulates deletion and insertion, and, if measured, shuffled weights and the location."""
    tables = [_perturbation(found)]
    if found.randomisation:
        tables.append(_randomisation(found))
    if found.location:
        tables.append(_location(found))
    return tables


def _perturbation(found: HeatmapCheck) -> Table:
    rows = []
    for name, part in found.perturbation.items():
        shown = f"{printable(name)}\n{part.images:,} ({part.patients:,})"
        for kind in KINDS:
            areas = (format_value(part.areas[kind][order].value) for order in ORDERS)
            gains = (format_estimate(part.gains[kind][order]) for order in ORDERS[1:])
            first, *_, last = part.curves[kind]["heatmap"]
            ends = f"{first:.3f} to {last:.3f}"
            rows.append((shown, kind, ends, *areas, *gains))
            shown = ""
    columns = (
        "images\n(patients)",
        "",
        "from\n... to",
        "area:\nheatmap",
        "area:\nrandom",
        "area:\ncentre",
        "better than random\nby (95 % interval)",
        "better than centre\nby (95 % interval)",
    )
    title = "Probability of the predicted class as places are deleted or inserted"
    return Table(title, columns, tuple(rows))


def _randomisation(found: HeatmapCheck) -> Table:
    rows = tuple(
        (
            f"{_LAYERS[part.layers]}\n{part.images:,}",
            format_estimate(part.signed),
            format_estimate(part.absolute),
        )
        for part in found.randomisation
    )
    columns = (
        "shuffled\nimages",
        "correlation (95 % interval)",
        "of absolute values (95 % interval)",
    )
    return Table("Heatmaps after weights were shuffled", columns, rows)


def _location(found: HeatmapCheck) -> Table:
    rows = tuple(
        (
            f"{name}\n{part.images:,} ({part.patients:,})",
            format_estimate(part.mass),
            format_value(part.area.value),
            format_estimate(part.gain),
            format_estimate(part.hits),
            format_value(part.chance.value),
        )
        for name, part in found.location.items()
    )
    columns = (
        "images\n(patients)",
        "heatmap within",
        "area",
        "heatmap less area",
        "strongest place within",
        "by chance",
    )
    return Table("Where heatmaps lie: value (95 % interval)", columns, rows)
