"""The common style of all figures.

Figures are made with matplotlib's object interface: no pyplot, no global state, no window. They
are sized for a journal's column (89 mm) or page (183 mm) and use the palette of Okabe and Ito
("Color Universal Design", 2008), which colour-blind readers can distinguish.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

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


def new_figure(width: float, height: float) -> Figure:
    """Makes an empty figure of this size in inches, with a layout that avoids overlaps."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def dress(axes: Axes, *, x: str, y: str, note: str = "") -> None:
    """Applies the common style to axes.

    Args:
        axes: axes to be styled.
        x: label of the horizontal axis, with its unit if it has one.
        y: label of the vertical axis, with its unit if it has one.
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
    """Adds a legend with a background that keeps lines from its text."""
    axes.legend(fontsize=SMALL, loc=loc, facecolor="white", edgecolor="none", framealpha=0.85)


def shortened(text: str) -> str:
    """Shortens a text to one line of about an inch, by leaving out its middle."""
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
        mark = {"Software": "Pneumoscope figure"}  # by which `predict` recognises a figure
        figure.savefig(temporary, format="png", dpi=DPI, facecolor="white", metadata=mark)
