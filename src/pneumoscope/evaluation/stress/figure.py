"""The chart of a stress validation."""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pneumoscope.evaluation.stress.result import ModelStress, Stress
from pneumoscope.plots import CLASS_COLOURS, GREY, PAGE, SMALL, dress, new_figure, shortened

_PANELS = {"auroc": "AUROC", "balanced_accuracy": "Balanced accuracy"}
_STYLES = tuple(zip(CLASS_COLOURS, "osD^vP", strict=True))  # told apart without colours, too
_SPREAD = 0.6  # of a row, over which the models are spread


def stress_figure(found: Stress) -> Figure:
    """Draws AUROC and balanced accuracy of each model under each condition, with their intervals.

    Args:
        found: what to draw.

    Returns:
        The figure; what cannot be computed has no mark.
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
    """The rows with which another group begins; mean and worst are the last."""
    groups = [condition.group for condition in found.conditions]
    changing = [i for i in range(1, len(groups)) if groups[i] is not groups[i - 1]]
    return [*changing, len(groups)]
