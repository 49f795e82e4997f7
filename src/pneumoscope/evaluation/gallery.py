"""Example predictions: their choice, and the figure that shows them with their heatmaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.inference.captions import STRONGEST, WEAKEST
from pneumoscope.inference.explain import colour_bar
from pneumoscope.plots import BLACK, DPI, GREEN, GREY, LABEL, PAGE, SMALL, VERMILLION, shortened
from pneumoscope.statistics import IntArray

COLUMNS = 6

# Inches, save the sizes of text in points.
_MARGIN, _TITLE, _NAME, _NOTE = 0.3, 0.44, 0.14, 0.2
_KEY, _BAR = 0.3, 0.6
_PITCH = (PAGE - _MARGIN) / COLUMNS
_PICTURE = _PITCH - 0.08
_TINY = 6.0


@dataclass(frozen=True, eq=False)
class Sample:
    """One predicted image.

    Attributes:
        image: the radiograph, uint8 of shape (h, w), in its own proportions.
        overlay: the radiograph overlaid with its heatmap, uint8 RGB of shape (h, w, 3); None if
            there is no heatmap.
        truth: name of the true class.
        predicted: name of the predicted class.
        probability: probability of the positive side, in [0, 1].
        name: name of the file.
    """

    image: NDArray[np.uint8]
    overlay: NDArray[np.uint8] | None
    truth: str
    predicted: str
    probability: float
    name: str


def worst_mistakes(scored: ScoredImages, count: int) -> IntArray:
    """Finds the misclassified images whose true class got the lowest probability, worst first.

    Args:
        scored: the labelled images.
        count: greatest number of images to return.

    Returns:
        Indices of the images, int64, at most one image of each patient.
    """
    wrong = np.flatnonzero(scored.predicted != scored.labels)
    given_to_truth = scored.probabilities[wrong, scored.labels[wrong]]
    return _one_per_patient(scored, wrong[np.argsort(given_to_truth, kind="stable")])[:count]


def right_examples(scored: ScoredImages, count: int, *, seed: int = 0) -> IntArray:
    """Draws correctly predicted images at random, alternating between the classes.

    Args:
        scored: the labelled images.
        count: greatest number of images to return.
        seed: seed of the random draw.

    Returns:
        Indices of the images, int64, at most one image of each patient.
    """
    right = np.flatnonzero(scored.predicted == scored.labels)
    right = _one_per_patient(scored, np.random.default_rng(seed).permutation(right))
    labels = scored.labels[right]
    so_far = np.cumsum(labels[:, None] == np.arange(len(scored.classes)), axis=0)  # (n, c)
    turn = so_far[np.arange(len(labels)), labels]
    return right[np.lexsort((labels, turn))][:count]


def sample_grid(samples: Sequence[Sample], positive_name: str) -> Figure:
    """Draws correct predictions above wrong ones, each image above its heatmap.

    Args:
        samples: the images, right and wrong in any order: the first `COLUMNS` of each are shown.
        positive_name: name of the positive side, whose probability is shown.

    Returns:
        The figure; a row without samples is left out.
    """
    right = [sample for sample in samples if sample.truth == sample.predicted][:COLUMNS]
    wrong = [sample for sample in samples if sample.truth != sample.predicted][:COLUMNS]
    explained = any(sample.overlay is not None for sample in samples)
    pictures = 1 + explained
    block = _TITLE + pictures * _PITCH + _NAME
    height = (bool(right) + bool(wrong)) * block + _NOTE + explained * _KEY
    figure = Figure(figsize=(PAGE, height), dpi=DPI)
    top = height
    for heading, colour, row in (("Right", GREEN, right), ("Mistakes", VERMILLION, wrong)):
        if row:
            middle = top - _TITLE - pictures * _PITCH / 2
            _write_heading(figure, heading, middle, colour)
            for column, sample in enumerate(row):
                _draw_sample(figure, sample, _MARGIN + column * _PITCH, top, colour)
            top -= block
    note = f"p: predicted probability of {positive_name}"
    bottom = 0.05 + explained * _KEY
    figure.text(_MARGIN / PAGE, bottom / height, note, fontsize=SMALL, color=GREY)
    if explained:
        _draw_key(figure)
    return figure


def _draw_key(figure: Figure) -> None:
    """Draws the colours of the overlays in the lower left corner, and says what they mean."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((_MARGIN / width, 0.1 / height, _BAR / width, 0.1 / height))
    axes.imshow(colour_bar(256, 8), aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    text = f"evidence for the predicted class,\nfrom {WEAKEST} to {STRONGEST}"
    left = (_MARGIN + _BAR + 0.08) / width
    figure.text(left, 0.15 / height, text, fontsize=SMALL, color=GREY, va="center")


def _write_heading(figure: Figure, heading: str, middle: float, colour: str) -> None:
    """Writes a heading upwards in the left margin, around `middle`, in inches from the bottom."""
    width, height = figure.get_size_inches()
    figure.text(
        0.4 * _MARGIN / width,
        middle / height,
        heading,
        rotation=90,
        ha="center",
        va="center",
        fontsize=LABEL,
        fontweight="bold",
        color=colour,
    )


def _draw_sample(figure: Figure, sample: Sample, left: float, top: float, colour: str) -> None:
    """Draws a column of the grid whose upper left corner is at (left, top), in inches."""
    width, height = figure.get_size_inches()
    size = _PICTURE / width, _PICTURE / height
    calls = shortened(f"true {sample.truth}"), shortened(f"predicted {sample.predicted}")
    title = "\n".join([*calls, f"p = {sample.probability:.3f}"])
    bottom = top - _TITLE - _PICTURE
    for picture in (sample.image, sample.overlay):
        if picture is None:
            continue
        axes = figure.add_axes((left / width, bottom / height, *size))
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        # what is not square stands before black in a square, so that rows and columns align
        axes.set(xticks=[], yticks=[], facecolor=BLACK, adjustable="datalim")
        axes.spines[:].set(color=colour, linewidth=1.6)
        axes.set_title(title, fontsize=_TINY, loc="left", pad=4)
        title = ""
        bottom -= _PITCH
    axes.set_xlabel(shortened(sample.name), fontsize=_TINY, color=GREY, labelpad=2)


def _one_per_patient(scored: ScoredImages, indices: IntArray) -> IntArray:
    _, first = np.unique(scored.patients[indices], return_index=True)
    return indices[np.sort(first)]
