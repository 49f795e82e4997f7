"""The common style of all figures.

Figures are made with matplotlib's object interface: no pyplot, no global state, no window. They
are sized for a journal's column (85 mm) or page (180 mm), with text of 6 points at least, and use
the palette of Okabe and Ito ("Color Universal Design", 2008), which colour-blind readers can
distinguish.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from pneumoscope.errors import unknown_choice
from pneumoscope.files import atomic_path, printable

COLUMN, PAGE = 85 / 25.4, 180 / 25.4  # inches
DPI = 200
LABEL, SMALL = 8.0, 7.0  # points
LINE = 1.4  # points

BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
ORANGE, SKY, PURPLE = "#E69F00", "#56B4E9", "#CC79A7"
BLACK, GREY = "#000000", "#5F5F5F"
CLASS_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)

_CAPTION = 22  # characters
_NOTE = 14.0  # points, of the line between axes and legend


class FigureFormat(StrEnum):
    """File format of figures."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"

    @classmethod
    def of(cls, name: str) -> FigureFormat:
        """Finds the format of a name.

        Raises:
            SettingsError: if there is no format of this name.
        """
        if name not in list(cls):
            raise unknown_choice(
                "Figures cannot be written in this format", name, tuple(cls), setting="figures"
            )
        return cls(name)


# Neither dates nor names, so that the same figure is the same bytes. By the text of a PNG,
# `predict` recognises a figure.
_METADATA: dict[FigureFormat, dict[str, Any]] = {
    FigureFormat.PNG: {"Software": "Pneumoscope figure"},
    FigureFormat.SVG: {"Date": None, "Creator": "Pneumoscope figure"},
    FigureFormat.PDF: {"CreationDate": None, "Producer": None, "Creator": "Pneumoscope figure"},
}
# TrueType in PDF, which journals take; letters of SVG as paths, which need no font anywhere.
_FONTS: Any = {"pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "pneumoscope"}


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


def legend(axes: Axes) -> None:
    """Adds a legend above the axes, where it hides no data."""
    above = ScaledTranslation(0, _NOTE / 72, axes.figure.dpi_scale_trans)
    axes.legend(
        fontsize=SMALL,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        bbox_transform=axes.transAxes + above,
        borderaxespad=0,
        frameon=False,
    )


def shortened(text: str) -> str:
    """Shortens a text to one line of about an inch, by leaving out its middle."""
    text = printable(text)
    half = _CAPTION // 2
    short = text if len(text) <= _CAPTION else f"{text[: half - 1]}…{text[-half:]}"
    return short.replace("$", r"\$")  # between two of them, Matplotlib reads a formula


def save(figure: Figure, stem: Path, formats: Iterable[FigureFormat] = (FigureFormat.PNG,)) -> None:
    """Writes a figure, with its fonts in it, and with 200 dpi where it is made of pixels.

    Args:
        figure: the figure to write.
        stem: path of the files without their extension; former ones are replaced.
        formats: file formats to write.

    Raises:
        StorageError: if a file cannot be written.
    """
    for each in formats:
        with atomic_path(Path(f"{stem}.{each}")) as temporary, rc_context(_FONTS):
            figure.savefig(
                temporary, format=each, dpi=DPI, facecolor="white", metadata=_METADATA[each]
            )
