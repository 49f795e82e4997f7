"""The figure of a training: loss and accuracy of each epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pneumoscope.errors import DataError
from pneumoscope.plots import BLACK, BLUE, GREY, LINE, PAGE, VERMILLION, dress, legend, new_figure

_PANELS = (("loss", "Loss (cross-entropy)"), ("accuracy", "Accuracy"))


def draw_curves(history: Mapping[str, Sequence[float]], kept: int) -> Figure:
    """Draws loss and accuracy of each epoch, on training and validation images.

    Args:
        history: `loss`, `val_loss`, `accuracy` and `val_accuracy`, one number per epoch each.
        kept: number of the epoch, from 1, whose weights were kept; it is marked.

    Returns:
        The figure.

    Raises:
        DataError: if a column is missing, empty or shorter than another.
    """
    columns = _columns(history)
    epochs = np.arange(1, len(columns["loss"]) + 1)
    figure = new_figure(PAGE, 2.9)
    for axes, (name, title) in zip(figure.subplots(1, 2), _PANELS, strict=True):
        for column, label, colour, line in (
            (name, "training", BLUE, "-"),
            (f"val_{name}", "validation", VERMILLION, "--"),
        ):
            # dots as well as lines: a single epoch is a dot and no line
            axes.plot(
                epochs,
                columns[column],
                color=colour,
                label=label,
                linestyle=line,
                linewidth=LINE,
                marker="o",
                markersize=3 if len(epochs) <= 30 else 0,
            )
        _mark(axes, kept, columns[f"val_{name}"])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        dress(axes, x="Epoch", y=title)
        legend(axes)
    return figure


def _columns(history: Mapping[str, Sequence[float]]) -> dict[str, np.ndarray]:
    names = [prefix + name for name, _ in _PANELS for prefix in ("", "val_")]
    lengths = {name: len(history.get(name, ())) for name in names}
    if 0 in lengths.values() or len(set(lengths.values())) > 1:
        raise DataError(
            "The training history cannot be drawn",
            expected=f"{', '.join(names)}, one number per epoch each",
            received=", ".join(f"{count} of {name}" for name, count in lengths.items()),
            remedy="Train for at least one epoch, or give the history as it was written",
        )
    return {name: np.asarray(history[name], np.float64) for name in names}


def _mark(axes: Axes, epoch: int, values: np.ndarray) -> None:
    axes.axvline(epoch, color=GREY, linewidth=0.6, linestyle=":", zorder=0)
    axes.plot(
        epoch,
        values[epoch - 1],
        color=BLACK,
        marker="o",
        markersize=6,
        markerfacecolor="none",
        linestyle="none",
        label=f"kept: epoch {epoch}",
    )
