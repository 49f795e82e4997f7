"""What is left of a measure as each change grows, as small multiples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pneumoscope.evaluation.stress.conditions import CLEAN
from pneumoscope.evaluation.stress.result import ModelStress, Stress
from pneumoscope.imaging.perturb import SEVERITIES
from pneumoscope.plots import (
    BLACK,
    CLASS_COLOURS,
    GREY,
    LABEL,
    PAGE,
    SMALL,
    dress,
    new_figure,
    shortened,
)
from pneumoscope.types import Estimate

_TITLES = {
    "auroc": "AUROC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "balanced_accuracy": "Balanced accuracy",
    "agreement": "Share of labels unchanged",
    "map_correlation": "Rank correlation of heatmaps",
}
_COLUMNS = 5
_STYLES = tuple(zip(CLASS_COLOURS, "osD^vP", strict=True))  # told apart without colours, too

Line = tuple[ModelStress, str, str]
"""A model, one of `CURVE_MEASURES`, and what the legend calls it."""


def severity_figure(found: Stress, measure: str) -> Figure:
    """Draws one measure by severity: a panel for each change, the mean over them last.

    Args:
        found: with curves.
        measure: one of `CURVE_MEASURES`.

    Returns:
        The figure, bands being 95 % intervals; what cannot be computed has no mark.
    """
    lines = [(model, measure, shortened(model.label)) for model in found.models]
    return _panels(lines, _TITLES[measure], chance=measure == "auroc")


def measures_figure(model: ModelStress, measures: Mapping[str, str], title: str) -> Figure:
    """As `severity_figure`, several measures of one model.

    Args:
        model: with curves.
        measures: of `CURVE_MEASURES`, by which name the legend calls each.
        title: of the vertical axis.
    """
    return _panels([(model, each, shortened(name)) for each, name in measures.items()], title)


def _panels(lines: Sequence[Line], title: str, *, chance: bool = False) -> Figure:
    names = list(lines[0][0].curves)
    rows = -(-len(names) // _COLUMNS)
    figure = new_figure(PAGE, 1.15 * rows + 0.5)
    panels = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, name in zip(panels, names, strict=False):
        for line, style in zip(lines, cycle(_STYLES)):
            _draw(axes, line, name, style)
        dress(axes, x="", y="")
        axes.set_title(name, fontsize=LABEL, loc="left", color=BLACK)
        axes.set_xticks([0, *SEVERITIES])
        axes.grid(axis="y", color="#E5E5E5", linewidth=0.5)
        axes.set_axisbelow(True)
        if chance:
            axes.axhline(0.5, color=GREY, linewidth=0.6, linestyle=":")
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    figure.supxlabel("Severity (0: as they are)", fontsize=LABEL)
    figure.supylabel(title, fontsize=LABEL)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, fontsize=SMALL, loc="outside upper center", ncols=3, frameon=False
    )
    return figure


def _draw(axes: Axes, line: Line, name: str, style: tuple[str, str]) -> None:
    model, measure, label = line
    colour, marker = style
    # Of labels and maps the images as they are agree with themselves.
    first = model.conditions[CLEAN].get(measure, Estimate(1.0, None, None))
    estimates = [first, *(step[measure] for step in model.curves[name])]
    value, low, high = (
        np.array([np.nan if end is None else end for end in ends])
        for ends in zip(*((e.value, e.low, e.high) for e in estimates), strict=True)
    )
    axes.plot(
        value,
        color=colour,
        marker=marker,
        markersize=2.5,
        linewidth=1,
        label=label,
    )
    axes.fill_between(range(len(value)), low, high, color=colour, alpha=0.2, linewidth=0)
