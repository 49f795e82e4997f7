"""The chart of a check of heatmaps."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pneumoscope.evaluation.heatmaps.result import KINDS, ORDERS, HeatmapCheck
from pneumoscope.files import printable
from pneumoscope.plots import (
    BLUE,
    GREEN,
    GREY,
    LINE,
    PAGE,
    VERMILLION,
    dress,
    legend,
    new_figure,
)
from pneumoscope.types import Estimate

# Distinguished by dashes and marks as well as by colours.
_STYLES = {
    "heatmap": (VERMILLION, "-", "o"),
    "random": (GREY, ":", "s"),
    "centre": (BLUE, "--", "^"),
}
_AXES = {"deletion": "Share of places deleted", "insertion": "Share of places inserted"}

Row = tuple[str, Estimate, str]
"""Name, estimate and colour of a row."""


def check_figure(found: HeatmapCheck) -> Figure:
    """Draws deletion and insertion, shuffled weights, and where heatmaps lie.

    Deletion and insertion have a row for each predicted class: an empty image is predicted one of
    them, so that a mean over both would depend on how many images are of each.

    Args:
        found: the check to draw.

    Returns:
        The figure, with a panel for each part that was measured.
    """
    called = [name for name in found.perturbation if name != "all"]
    shuffled, places = _randomisation(found), _location(found)
    rows = len(called) + bool(shuffled or places)
    figure = new_figure(PAGE, 2.7 * rows)
    grid = figure.add_gridspec(rows, 2)
    for row, name in enumerate(called):
        for column, kind in enumerate(KINDS):
            _draw_curves(figure.add_subplot(grid[row, column]), found, name, kind)
    if shuffled:
        axes = figure.add_subplot(grid[-1, 0])
        _draw_rows(axes, shuffled, "Rank correlation with shuffled weights")
        axes.set_xlim(-1.05, 1.05)
        axes.axvline(0, color=GREY, linewidth=0.6, linestyle=":")
    if places:
        axes = figure.add_subplot(grid[-1, 1])
        _draw_rows(axes, places, "Share")
        axes.set_xlim(-0.03, 1.03)
    return figure


def _draw_curves(axes: Axes, found: HeatmapCheck, name: str, kind: str) -> None:
    part = found.perturbation[name]
    for order in ORDERS:
        colour, dashes, marker = _STYLES[order]
        axes.plot(
            found.shares,
            part.curves[kind][order],
            color=colour,
            linestyle=dashes,
            linewidth=LINE,
            marker=marker,
            markersize=3,
            label=f"{order}, area {part.areas[kind][order].value:.3f}",
        )
    axes.set_ylim(-0.03, 1.03)
    note = f"{part.images:,} images {printable(name)}"
    dress(axes, x=_AXES[kind], y="Probability of the called class", note=note)
    legend(axes)


def _randomisation(found: HeatmapCheck) -> list[Row]:
    return [
        (f"{part.layers}, {name}", estimate, colour)
        for part in found.randomisation
        for name, estimate, colour in (
            ("signed", part.signed, VERMILLION),
            ("absolute", part.absolute, BLUE),
        )
    ]


def _location(found: HeatmapCheck) -> list[Row]:
    return [
        (f"{place}: {name}", estimate, colour)
        for place, part in found.location.items()
        for name, estimate, colour in (
            ("heatmap", part.mass, VERMILLION),
            ("area", part.area, GREY),
            ("strongest place", part.hits, GREEN),
            ("by chance", part.chance, GREY),
        )
    ]


def _draw_rows(axes: Axes, rows: Sequence[Row], title: str) -> None:
    for index, (_, estimate, colour) in enumerate(rows):
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [index, index], color=colour, linewidth=LINE)
        if estimate.value is not None:
            axes.plot(estimate.value, index, marker="o", markersize=4, color=colour)
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    dress(axes, x=title, y="")
