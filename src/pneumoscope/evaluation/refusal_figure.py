"""The chart of what refusing more would bring."""

from __future__ import annotations

from matplotlib.figure import Figure

from pneumoscope.evaluation.refusals import KEPT, Refusals
from pneumoscope.plots import BLUE, COLUMN, GREY, LINE, SMALL, VERMILLION, dress, new_figure

# Told apart by dashes as well as by colours.
_STYLES = {
    "unsure": (BLUE, "-", "least sure refused first"),
    "unlike": (VERMILLION, "--", "least like training first"),
}


def refusal_figure(found: Refusals, kept: float, note: str) -> Figure:
    """Draws the accuracy on the images that are left, with pointwise 95 % bands.

    Args:
        found: with both curves.
        kept: share of the images that the model accepts, in [0, 1]: it is marked.
        note: such as the number of images.
    """
    figure = new_figure(COLUMN, COLUMN)
    axes = figure.subplots()
    everything = float(found.curves["unsure"].accuracy[-1])
    axes.axhline(everything, color=GREY, linewidth=0.6, linestyle=":")
    axes.axvline(kept, color=GREY, linewidth=0.6, linestyle=":")
    for name, curve in found.curves.items():
        colour, dashes, label = _STYLES[name]
        axes.fill_between(KEPT, curve.low, curve.high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(KEPT, curve.accuracy, color=colour, linestyle=dashes, linewidth=LINE, label=label)
    axes.set_xlim(1.01, KEPT[0] - 0.01)  # refusing more and more, from left to right
    x = f"Share of images kept\n(dotted: kept by the gate, {kept:.3f}; accuracy on all)"
    dress(axes, x=x, y="Accuracy on the images kept", note=note)
    figure.legend(fontsize=SMALL, loc="outside upper left", frameon=False)
    return figure
