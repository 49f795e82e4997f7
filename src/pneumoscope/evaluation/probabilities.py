"""The charts of what probabilities are worth: how right they are, and of what use."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pneumoscope.evaluation.intervals import Band
from pneumoscope.evaluation.metrics import net_benefit
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.uncalibrated import Uncalibrated
from pneumoscope.plots import (
    BLACK,
    BLUE,
    COLUMN,
    GREY,
    LABEL,
    LINE,
    dress,
    legend,
    new_figure,
    shortened,
)
from pneumoscope.statistics import Estimate, reliability

_BINS = 20
_MIN_HEIGHT = 1e-9  # less is rounding: all resamples agree


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
    figure = new_figure(COLUMN, 1.35 * COLUMN)
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
    figure = new_figure(COLUMN, COLUMN)
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
    legend(axes, "lower left")
    return figure


def _draw_before(axes: Axes, uncalibrated: Uncalibrated) -> None:
    scored = uncalibrated.scored
    bins = reliability(scored.positive, scored.score, np.ones((1, len(scored.labels))))
    label = f"before calibration: ECE {uncalibrated.estimates['ece']}"
    axes.plot(bins.score[0], bins.observed[0], "x--", color=GREY, lw=0.6, markersize=4, label=label)


def _draw_histogram(axes: Axes, scored: ScoredImages) -> None:
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    axes.stairs(np.histogram(scored.score, edges)[0], edges, fill=True, color=GREY)
    dress(axes, x="", y="Images")
    axes.set_xlabel(f"Predicted probability of {shortened(scored.positive_name)}", fontsize=LABEL)
