"""The house style of all figures, and the training curves.

Figures are made with matplotlib's object interface: no pyplot, no global state, no window. They
are sized for a journal's column (89 mm) or page (183 mm) and use the palette of Okabe and Ito
("Color Universal Design", 2008), which colour-blind readers can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pneumoscope.errors import DataError
from pneumoscope.files import atomic_path, printable

COLUMN, PAGE = 3.5, 7.2  # inches
DPI = 200
LABEL, SMALL = 8.0, 7.0  # points
LINE = 1.4  # points

BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
ORANGE, SKY, PURPLE = "#E69F00", "#56B4E9", "#CC79A7"
BLACK, GREY = "#000000", "#5F5F5F"
CLASS_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)

_CAPTION = 22  # characters
_PANELS = (("loss", "Loss (cross-entropy)"), ("accuracy", "Accuracy"))


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches whose parts make room for one another."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def dress(axes: Axes, *, x: str, y: str, note: str = "") -> None:
    """Gives axes the house style.

    Args:
        axes: to be styled.
        x: label of the horizontal axis, with its unit if it has one.
        y: label of the vertical axis.
        note: small text above the right corner, such as the number of images.
    """
    axes.set_xlabel(x, fontsize=LABEL)
    axes.set_ylabel(y, fontsize=LABEL)
    axes.set_title(note, fontsize=SMALL, color=GREY, loc="right")
    axes.tick_params(labelsize=SMALL, width=0.6, length=2.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_linewidth(0.6)


Corner = Literal["best", "lower left", "lower right", "upper left"]


def legend(axes: Axes, loc: Corner = "best") -> None:
    """Adds a legend whose ground lets no line run through its text."""
    axes.legend(fontsize=SMALL, loc=loc, facecolor="white", edgecolor="none", framealpha=0.85)


def shortened(text: str) -> str:
    """The text on one line, its middle left out if it is longer than an inch has room for."""
    text = printable(text)
    half = _CAPTION // 2
    short = text if len(text) <= _CAPTION else f"{text[: half - 1]}…{text[-half:]}"
    return short.replace("$", r"\$")  # between two of them, Matplotlib reads a formula


def save(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG of 200 dpi.

    Raises:
        StorageError: if the file cannot be written.
    """
    with atomic_path(path) as temporary:
        mark = {"Software": "Pneumoscope figure"}  # by which `predict` knows it from a radiograph
        figure.savefig(temporary, format="png", dpi=DPI, facecolor="white", metadata=mark)


def training_curves(history: Mapping[str, Sequence[float]], kept: int) -> Figure:
    """Loss and accuracy of each epoch, on training and validation images.

    Args:
        history: `loss`, `val_loss`, `accuracy` and `val_accuracy`, one number an epoch.
        kept: number of the epoch, from 1, whose weights were kept: it is marked.

    Returns:
        The figure.

    Raises:
        DataError: if a column is missing, empty or shorter than another.
    """
    columns = _columns(history)
    epochs = np.arange(1, len(columns["loss"]) + 1)
    figure = new_figure(PAGE, 2.6)
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
            expected=f"{', '.join(names)}, one number an epoch each",
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
