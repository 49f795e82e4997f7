"""The charts of a stress validation: each condition, and each change by severity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pneumoscope.evaluation.stress.conditions import CLEAN
from pneumoscope.evaluation.stress.result import ModelStress, Stress
from pneumoscope.imaging.changes import SEVERITIES
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

_PANELS = {"auroc": "AUROC", "balanced_accuracy": "Balanced accuracy"}
_STYLES = tuple(zip(CLASS_COLOURS, "osD^vP", strict=True))  # distinct without colours, too
_SPREAD = 0.6  # of a row, over which the models are spread
_TITLES = {
    "auroc": "AUROC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "balanced_accuracy": "Balanced accuracy",
    "agreement": "Share of labels unchanged",
    "map_correlation": "Rank correlation of activation maps",
}
_COLUMNS = 5

Line = tuple[ModelStress, str, str]
"""A model, one of `CURVE_MEASURES`, and its name in the legend."""


def stress_figure(found: Stress) -> Figure:
    """Draws AUROC and balanced accuracy of each model under each condition, with their intervals.

    Args:
        found: the stress validation to draw.

    Returns:
        The figure; a measure that is not computable has no mark.
    """
    names = list(found.models[0].rows)
    n = len(found.models)
    row = 0.14 + 0.06 * n  # inches
    figure = new_figure(PAGE, 0.8 + row * len(names) + 0.16 * n)
    panels = figure.subplots(1, len(_PANELS), sharey=True)
    offsets = _SPREAD * (np.arange(n) - (n - 1) / 2) / n
    for axes, (measure, title) in zip(panels, _PANELS.items(), strict=True):
        axes.axvline(0.5, color=GREY, linewidth=0.6, linestyle=":")
        for model, offset, style in zip(found.models, offsets.tolist(), cycle(_STYLES)):
            _draw(axes, model, measure, offset, style)
        for line in _borders(found):
            axes.axhline(line - 0.5, color="#C0C0C0", linewidth=0.6)
        dress(axes, x=title, y="")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="#E5E5E5", linewidth=0.5)
        axes.set_axisbelow(True)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, fontsize=SMALL, loc="outside upper center", ncols=3, frameon=False
    )
    return figure


def severity_figure(found: Stress, measure: str) -> Figure:
    """Draws one measure by severity: a panel for each change, the mean over them last.

    Args:
        found: a stress validation with curves.
        measure: one of `CURVE_MEASURES`.

    Returns:
        The figure, with bands of 95 % intervals; a measure that is not computable has no mark.
    """
    lines = [(model, measure, shortened(model.label)) for model in found.models]
    return _panels(lines, _TITLES[measure], chance=measure == "auroc")


def measures_figure(model: ModelStress, measures: Mapping[str, str], title: str) -> Figure:
    """Draws several measures of one model by severity, as `severity_figure` does.

    Args:
        model: a model with curves.
        measures: name in the legend, by the measure, one of `CURVE_MEASURES`.
        title: title of the vertical axis.
    """
    return _panels([(model, each, shortened(name)) for each, name in measures.items()], title)


def _draw(
    axes: Axes, model: ModelStress, measure: str, offset: float, style: tuple[str, str]
) -> None:
    colour, marker = style
    estimates = [measures[measure] for measures in model.rows.values()]
    rows = np.arange(len(estimates)) + offset
    values = [np.nan if e.value is None else e.value for e in estimates]
    axes.plot(
        values,
        rows,
        linestyle="none",
        marker=marker,
        markersize=3.5,
        color=colour,
        label=shortened(model.label),
        zorder=3,
    )
    for row, estimate in zip(rows.tolist(), estimates, strict=True):
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [row, row], color=colour, linewidth=0.8)


def _borders(found: Stress) -> list[int]:
    """Lists the rows with which another group begins; mean and worst are the last group."""
    groups = [condition.group for condition in found.conditions]
    changing = [i for i in range(1, len(groups)) if groups[i] is not groups[i - 1]]
    return [*changing, len(groups)]


def _panels(lines: Sequence[Line], title: str, *, chance: bool = False) -> Figure:
    names = list(lines[0][0].curves)
    rows = -(-len(names) // _COLUMNS)
    figure = new_figure(PAGE, 1.15 * rows + 0.5)
    panels = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, name in zip(panels, names, strict=False):
        for line, style in zip(lines, cycle(_STYLES)):
            _draw_line(axes, line, name, style)
        dress(axes, x="", y="")
        axes.set_title(name, fontsize=LABEL, loc="left", color=BLACK)
        axes.set_xticks([0, *SEVERITIES])
        axes.grid(axis="y", color="#E5E5E5", linewidth=0.5)
        axes.set_axisbelow(True)
        if chance:
            axes.axhline(0.5, color=GREY, linewidth=0.6, linestyle=":")
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    for axes in panels[max(0, len(names) - _COLUMNS) : len(names)]:  # the last of each column
        axes.tick_params(labelbottom=True)
    figure.supxlabel("Severity (0: as they are)", fontsize=LABEL)
    figure.supylabel(title, fontsize=LABEL)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, fontsize=SMALL, loc="outside upper center", ncols=3, frameon=False
    )
    return figure


def _draw_line(axes: Axes, line: Line, name: str, style: tuple[str, str]) -> None:
    model, measure, label = line
    colour, marker = style
    # Labels and maps of the unchanged images agree with themselves.
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
