"""The figure of a search: how good each trial is."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pneumoscope.plots import BLUE, LINE, PAGE, VERMILLION, dress, legend, new_figure
from pneumoscope.tuning.objective import Objective
from pneumoscope.tuning.result import Trial


def draw_trials(trials: Sequence[Trial], best: Trial, objective: Objective) -> Figure:
    """Draws what each trial that was trained to its end has been judged as.

    Args:
        trials: the trials, in their order.
        best: the best trial; it is marked.
        objective: what they are judged by.
    """
    figure = new_figure(PAGE, 2.9)
    axes = figure.subplots()
    complete = [trial for trial in trials if trial.value is not None]
    values = [trial.value or 0.0 for trial in complete]
    numbers = [trial.number for trial in complete]
    so_far = [min(values[: count + 1], key=objective.rank) for count in range(len(values))]
    axes.plot(
        numbers, values, color=BLUE, marker="o", markersize=3, linestyle="none", label="trial"
    )
    axes.step(numbers, so_far, color=VERMILLION, linewidth=LINE, where="post", label="best so far")
    axes.axvline(best.number, color=VERMILLION, linewidth=0.6, linestyle=":", zorder=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    dress(axes, x="Trial", y=f"{objective.words[0].upper()}{objective.words[1:]}, by patient")
    legend(axes)
    return figure
