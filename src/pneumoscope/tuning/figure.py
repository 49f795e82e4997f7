"""The figure of a search: the validation loss of each trial."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pneumoscope.plots import BLUE, LINE, PAGE, VERMILLION, dress, legend, new_figure
from pneumoscope.tuning.result import Trial


def draw_trials(trials: Sequence[Trial], best: Trial) -> Figure:
    """Draws the validation loss of each trial that was trained to its end.

    Args:
        trials: the trials, in their order.
        best: the trial with the lowest loss; it is marked.
    """
    figure = new_figure(PAGE, 2.9)
    axes = figure.subplots()
    complete = [trial for trial in trials if trial.loss is not None]
    losses = [trial.loss or 0.0 for trial in complete]
    numbers = [trial.number for trial in complete]
    lowest = [min(losses[: count + 1]) for count in range(len(losses))]
    axes.plot(
        numbers, losses, color=BLUE, marker="o", markersize=3, linestyle="none", label="trial"
    )
    axes.step(
        numbers, lowest, color=VERMILLION, linewidth=LINE, where="post", label="lowest so far"
    )
    axes.axvline(best.number, color=VERMILLION, linewidth=0.6, linestyle=":", zorder=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    dress(axes, x="Trial", y="Validation log-loss, by patient")
    legend(axes)
    return figure
