"""The chart of a comparison: ROC curves of all models, and the differences of the measures."""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pneumoscope.evaluation.comparison.result import ComparedModel, Comparison
from pneumoscope.evaluation.metrics import LESS_IS_BETTER, TITLES, all_metrics, roc_curve
from pneumoscope.plots import (
    CLASS_COLOURS,
    GREY,
    LABEL,
    LINE,
    PAGE,
    SMALL,
    dress,
    legend,
    new_figure,
    shortened,
)
from pneumoscope.statistics import Estimate

# Distinguish the models without colour.
_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P")


def comparison_figure(comparison: Comparison) -> Figure:
    """Draws the ROC curves with the operating points, and the differences with their intervals."""
    others = len(comparison.models) - 1
    figure = new_figure(PAGE, max(4.0, 1.6 + len(TITLES) * (0.12 + 0.12 * others)))
    left, right = figure.subplots(1, 2, width_ratios=(1, 1))
    looks = zip(comparison.models, cycle(CLASS_COLOURS), cycle(_STYLES), cycle(_MARKERS))
    for number, (model, colour, line, marker) in enumerate(looks):
        _draw_roc(left, model, colour, line, marker)
        if model.difference is not None:
            offset = 0.7 * (number / (others + 1) - 0.5)
            _draw_differences(right, model, offset, colour, marker)
    _dress_roc(left, comparison)
    _dress_differences(right, comparison)
    return figure


def _draw_roc(axes: Axes, model: ComparedModel, colour: str, line: str, marker: str) -> None:
    area = model.overall.estimates["auroc"].value
    if area is None:
        return
    weights = np.ones((1, len(model.scored.labels)))
    rates = roc_curve(model.scored.positive, model.scored.score, weights)
    label = f"{shortened(model.name)}: AUROC {area:.3f}"
    axes.plot(rates[0][0], rates[1][0], color=colour, linestyle=line, linewidth=LINE, label=label)
    point = all_metrics(model.scored, weights)
    x, y = 1 - point["specificity"][0], point["sensitivity"][0]
    axes.plot(x, y, marker, color=colour, markersize=5, markeredgecolor="white", zorder=5)


def _dress_roc(axes: Axes, comparison: Comparison) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.6, linestyle=":", label="chance")
    if comparison.first.overall.estimates["auroc"].value is None:
        text = "not computable:\nall images are of one side"
        axes.text(0.05, 0.95, text, va="top", fontsize=LABEL, transform=axes.transAxes)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.grid(color="#E5E5E5", linewidth=0.5)
    axes.set_axisbelow(True)
    note = comparison.first.scored.counts
    dress(axes, x="False-positive rate (1 \u2212 specificity)", y="Sensitivity", note=note)
    legend(axes)


def _draw_differences(
    axes: Axes, model: ComparedModel, offset: float, colour: str, marker: str
) -> None:
    assert model.difference is not None
    for row, name in enumerate(TITLES):
        estimate = model.difference.overall.estimates[name]
        _draw_estimate(axes, estimate, row + offset, colour, marker)
    axes.plot([], [], marker, color=colour, markersize=4, label=shortened(model.name))


def _draw_estimate(axes: Axes, estimate: Estimate, y: float, colour: str, marker: str) -> None:
    if estimate.value is None:
        axes.text(0, y, " not computable", fontsize=SMALL, color=colour, va="center")
        return
    face = "white"  # hollow where there is no interval
    if estimate.low is not None and estimate.high is not None:
        axes.plot([estimate.low, estimate.high], [y, y], color=colour, linewidth=LINE)
        face = colour
    axes.plot(estimate.value, y, marker, color=colour, markersize=3, markerfacecolor=face)


def _dress_differences(axes: Axes, comparison: Comparison) -> None:
    axes.axvline(0, color=GREY, linewidth=0.6, linestyle=":")
    axes.set_yticks(range(len(TITLES)), [_row(name) for name in TITLES])
    axes.set_ylim(len(TITLES) - 0.4, -0.6)
    low, high = axes.get_xlim()
    reach = max(0.02, -low, high)
    axes.set_xlim(-reach, reach)
    axes.locator_params(axis="x", nbins=5)  # more would touch one another
    label = f"Difference to {shortened(comparison.first.name)}\n(hollow: no interval)"
    dress(axes, x=label, y="", note="95 % intervals, patients resampled")
    axes.grid(axis="x", color="#E5E5E5", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    legend(axes)


def _row(name: str) -> str:
    return f"{TITLES[name]}\n(less is better)" if name in LESS_IS_BETTER else TITLES[name]
