"""The charts of an evaluation: each function takes data and returns a matplotlib `Figure`.

`pneumoscope.plots` holds their style and writes them to files.
"""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pneumoscope.evaluation.intervals import Band
from pneumoscope.evaluation.metrics import (
    all_metrics,
    confusion_matrix,
    net_benefit,
    precision_recall_curve,
    roc_curve,
)
from pneumoscope.evaluation.refusals import KEPT, Refusals
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.uncalibrated import Uncalibrated
from pneumoscope.plots import (
    BLACK,
    BLUE,
    CLASS_COLOURS,
    COLUMN,
    GREY,
    LABEL,
    LINE,
    PAGE,
    SMALL,
    VERMILLION,
    dress,
    legend,
    new_figure,
    shortened,
)
from pneumoscope.statistics import Estimate, reliability

_TALL = COLUMN + 0.9  # inches: a square below a legend
_BINS = 40
_COARSE_BINS = 20
_MIN_HEIGHT = 1e-9  # less is rounding: all resamples agree

# Distinguished by dashes as well as by colours.
_REFUSED_FIRST = {
    "unsure": (BLUE, "-", "least sure refused first"),
    "unlike": (VERMILLION, "--", "least like training first"),
}


def confusion(scored: ScoredImages) -> Figure:
    """Draws the confusion matrix: number and fraction of each true class by predicted class."""
    counts = confusion_matrix(scored)
    totals = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(totals, 1)
    side = COLUMN if len(counts) <= 3 else PAGE
    figure = new_figure(side, side)
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        percent = f"{100 * share[row, column]:.1f} %" if totals[row, 0] else "no image"
        colour = "white" if share[row, column] > 0.5 else BLACK
        axes.text(
            column, row, f"{count:,}", ha="center", va="bottom", color=colour, fontsize=LABEL + 3
        )
        axes.text(column, row + 0.05, percent, ha="center", va="top", color=colour, fontsize=SMALL)
    dress(axes, x="Predicted class", y="True class", note=scored.counts)
    names = [shortened(name) for name in scored.classes]
    rows = [f"{name}\nn = {n:,}" for name, n in zip(names, totals[:, 0], strict=True)]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), rows, rotation=90, va="center", ma="center")
    axes.tick_params(length=0)
    axes.spines[:].set(visible=True, color="#C0C0C0")
    return figure


def roc(scored: ScoredImages, auroc: Estimate, band: Band) -> Figure:
    """Draws the receiver operating characteristic with its band and the operating point.

    Args:
        scored: the labelled images.
        auroc: the area under the curve.
        band: pointwise 95 % band of the curve, from `intervals.roc_band`.

    Returns:
        The figure; without a curve if all images are of one side, and without the band if the
        area has no interval.
    """
    figure = new_figure(COLUMN, _TALL)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.6, linestyle=":", label="chance")
    if auroc.value is None:
        _say_one_side(axes, scored)
    else:
        weights = np.ones((1, len(scored.labels)))
        curve = roc_curve(scored.positive, scored.score, weights)
        axes.plot(curve[0][0], curve[1][0], color=BLUE, linewidth=LINE, label=f"AUROC {auroc}")
        if auroc.low is not None:
            axes.fill_between(*band, color=BLUE, alpha=0.2, linewidth=0, label="95 % band")
        point = all_metrics(scored, weights)
        specificity, sensitivity = point["specificity"][0], point["sensitivity"][0]
        label = (
            f"threshold {scored.threshold:.4g}:\nsens. {sensitivity:.3f}, spec. {specificity:.3f}"
        )
        _mark_operating_point(axes, 1 - specificity, sensitivity, label)
    _unit_square(axes)
    dress(axes, x="False-positive rate (1 \u2212 specificity)", y="Sensitivity", note=scored.counts)
    legend(axes)
    return figure


def precision_recall(scored: ScoredImages, average_precision: Estimate) -> Figure:
    """Draws precision against recall with the prevalence and the operating point.

    Args:
        scored: the labelled images.
        average_precision: the area under the curve, as steps.

    Returns:
        The figure; without a curve if there is no positive image.
    """
    figure = new_figure(COLUMN, _TALL)
    axes = figure.subplots()
    prevalence = scored.positive.mean()
    axes.axhline(
        prevalence, color=GREY, linewidth=0.6, linestyle=":", label=f"prevalence {prevalence:.3f}"
    )
    if average_precision.value is None:
        _say_one_side(axes, scored)
    else:
        recall, precision = precision_recall_curve(scored.positive, scored.score)
        # precision holds over the step in recall before it, as average precision counts it
        steps = np.append(0, recall), np.append(precision[0], precision)
        axes.step(*steps, color=BLUE, linewidth=LINE, label=f"AP {average_precision}")
        point = all_metrics(scored, np.ones((1, len(scored.labels))))
        ppv, sensitivity = point["ppv"][0], point["sensitivity"][0]
        label = f"threshold {scored.threshold:.4g}:\nPPV {ppv:.3f}, sens. {sensitivity:.3f}"
        _mark_operating_point(axes, sensitivity, ppv, label)
    _unit_square(axes)
    dress(axes, x="Recall (sensitivity)", y="Precision (PPV)", note=scored.counts)
    legend(axes)
    return figure


def score_histogram(scored: ScoredImages) -> Figure:
    """Draws the distribution of the scores in each true class, with the threshold."""
    c = len(scored.classes)
    figure = new_figure(COLUMN, 0.8 + 1.05 * c)
    panels = figure.subplots(c, 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    heights = [np.histogram(scored.score[scored.labels == i], edges)[0] for i in range(c)]
    for axes, name, height, colour in zip(panels, scored.classes, heights, cycle(CLASS_COLOURS)):
        axes.stairs(height, edges, fill=True, color=colour)
        axes.axvline(scored.threshold, color=BLACK, linewidth=0.8, linestyle="--")
        dress(axes, x="", y="Images")
        axes.set_title(
            f"true {shortened(name)}: {height.sum():,}", fontsize=SMALL, color=colour, loc="left"
        )
    # A good model fills the two ends: only a logarithm, from one image on, shows the rest.
    panels[0].set_yscale("symlog", linthresh=1)
    panels[0].set(xlim=(0, 1), ylim=(0, max(10, 1.5 * np.max(heights))))
    panels[0].yaxis.set_major_formatter("{x:,.0f}")
    panels[0].set_title(scored.counts, fontsize=SMALL, color=GREY, loc="right")
    threshold = f"(dashed: threshold {scored.threshold:.4g})"
    panels[-1].set_xlabel(
        f"Predicted probability of {shortened(scored.positive_name)}\n{threshold}", fontsize=LABEL
    )
    return figure


def reliability_diagram(
    scored: ScoredImages, ece: Estimate, band: Band, uncalibrated: Uncalibrated | None = None
) -> Figure:
    """Draws how often images of a predicted probability are positive, above a histogram.

    Args:
        scored: the labelled images.
        ece: the expected calibration error.
        band: 95 % interval of each bin, from `intervals.reliability_band`.
        uncalibrated: the same images before calibration, drawn beside them.

    Returns:
        The figure; a bin without an interval is a hollow dot.
    """
    figure = new_figure(COLUMN, 1.45 * COLUMN)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color=GREY, linewidth=0.6, linestyle=":", label="perfect")
    if uncalibrated is not None:
        _draw_before(above, uncalibrated)
    score, low, high = band
    ones = np.ones((1, len(scored.labels)))
    observed = reliability(scored.positive, scored.score, ones).observed[0]
    known = high - low > _MIN_HEIGHT  # false where an end is NaN
    above.plot(score, observed, color=BLUE, linewidth=0.6)
    above.vlines(score[known], low[known], high[known], color=BLUE, linewidth=LINE)
    for chosen, face, label in ((known, BLUE, f"ECE {ece}"), (~known, "white", "no interval")):
        if chosen.any():
            style = {"color": BLUE, "markerfacecolor": face, "markersize": 4, "label": label}
            above.plot(score[chosen], observed[chosen], "o", **style)
    above.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    dress(above, x="", y="Observed frequency", note=scored.counts)
    legend(above)
    _draw_histogram(below, scored)
    return figure


def decision_curve(scored: ScoredImages, band: Band) -> Figure:
    """Draws the net benefit of acting on the model, on every image, and on none.

    Args:
        scored: the labelled images.
        band: pointwise 95 % band of the curve, from `intervals.net_benefit_band`.

    Returns:
        The figure, at the prevalence of these images.
    """
    figure = new_figure(COLUMN, _TALL)
    axes = figure.subplots()
    thresholds, low, high = band
    ones = np.ones((1, len(scored.labels)))
    everything = np.ones_like(scored.score)
    benefit = net_benefit(scored.positive, scored.score, thresholds, ones)[0]
    treat_all = net_benefit(scored.positive, everything, thresholds, ones)[0]
    axes.axhline(0, color=BLACK, linewidth=0.8, label="call none")
    axes.plot(thresholds, treat_all, color=GREY, linewidth=0.8, linestyle="--", label="call all")
    axes.fill_between(thresholds, low, high, color=BLUE, alpha=0.2, linewidth=0, label="95 % band")
    axes.plot(thresholds, benefit, color=BLUE, linewidth=LINE, label="call by the model")
    prevalence = float(scored.positive.mean())
    axes.axvline(scored.threshold, color=GREY, linewidth=0.6, linestyle=":")
    highest = max(prevalence, 0.05)
    axes.set(xlim=(0, 1), ylim=(-0.45 * highest, 1.05 * highest))
    x = f"Threshold probability\n(dotted: threshold {scored.threshold:.4g})"
    dress(axes, x=x, y="Net benefit (true positives an image)", note=scored.counts)
    legend(axes)
    return figure


def refusal_figure(found: Refusals, kept: float, note: str) -> Figure:
    """Draws the accuracy on the images that are left, with pointwise 95 % bands.

    Args:
        found: the refusals, with both curves.
        kept: fraction of the images that the model accepts, in [0, 1], which is marked.
        note: text above the axes, such as the number of images.
    """
    figure = new_figure(COLUMN, _TALL)
    axes = figure.subplots()
    everything = float(found.curves["unsure"].accuracy[-1])
    axes.axhline(everything, color=GREY, linewidth=0.6, linestyle=":")
    axes.axvline(kept, color=GREY, linewidth=0.6, linestyle=":")
    for name, curve in found.curves.items():
        colour, dashes, label = _REFUSED_FIRST[name]
        axes.fill_between(KEPT, curve.low, curve.high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(KEPT, curve.accuracy, color=colour, linestyle=dashes, linewidth=LINE, label=label)
    axes.set_xlim(1.01, KEPT[0] - 0.01)  # refusing more and more, from left to right
    x = f"Share of images kept\n(dotted: kept by the gate, {kept:.3f}; accuracy on all)"
    dress(axes, x=x, y="Accuracy on the images kept", note=note)
    legend(axes)
    return figure


def _mark_operating_point(axes: Axes, x: float, y: float, label: str) -> None:
    if np.isfinite(x + y):  # PPV is not defined where nothing is called positive
        axes.plot(x, y, "o", color=VERMILLION, markersize=5, label=label, zorder=5)


def _say_one_side(axes: Axes, scored: ScoredImages) -> None:
    side = scored.positive_name if scored.positive.all() else scored.classes[0]
    axes.text(
        0.05,
        0.95,
        f"not computable:\nall images are {shortened(side)}",
        va="top",
        fontsize=LABEL,
        transform=axes.transAxes,
    )


def _unit_square(axes: Axes) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.grid(color="#E5E5E5", linewidth=0.5)
    axes.set_axisbelow(True)


def _draw_before(axes: Axes, uncalibrated: Uncalibrated) -> None:
    scored = uncalibrated.scored
    bins = reliability(scored.positive, scored.score, np.ones((1, len(scored.labels))))
    label = f"before calibration: ECE {uncalibrated.estimates['ece']}"
    axes.plot(bins.score[0], bins.observed[0], "x--", color=GREY, lw=0.6, markersize=4, label=label)


def _draw_histogram(axes: Axes, scored: ScoredImages) -> None:
    edges = np.linspace(0.0, 1.0, _COARSE_BINS + 1)
    axes.stairs(np.histogram(scored.score, edges)[0], edges, fill=True, color=GREY)
    dress(axes, x="", y="Images")
    axes.set_xlabel(f"Predicted probability of {shortened(scored.positive_name)}", fontsize=LABEL)
