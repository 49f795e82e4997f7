"""Deletion and insertion: whether the network needs the places that its heatmap shows.

The places of the map are taken one after another, strongest first: deleted from the image, or
inserted into an empty one. If the map shows what the prediction rests on, the probability of the
predicted class falls at once, or rises at once (Petsiuk et al. 2018, arXiv:1806.07421). Deleted
places are filled with the mean of the image: a blurred chest would still show how bright its
lungs are, which is what pneumonia changes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pneumoscope.evaluation.heatmaps.maps import ExplainedImages
from pneumoscope.evaluation.heatmaps.result import KINDS, ORDERS, Perturbation
from pneumoscope.imaging.changes import Grey
from pneumoscope.inference import Predictor
from pneumoscope.parallel import in_parallel
from pneumoscope.statistics import BoolArray, FloatArray, IntArray, Resampling

STEPS = 10
PREDICTIONS = 2 + len(KINDS) * len(ORDERS) * (STEPS - 1)
"""Predictions of each image: whole, empty, and at each step of each kind and order."""

_CHUNK = 16  # images whose steps are in memory at a time


def measure_curves(
    predictor: Predictor, images: ExplainedImages, seed: int, tick: Callable[[int], None]
) -> FloatArray:
    """Measures the probability of the predicted class at each step of each kind and order.

    Args:
        predictor: the model.
        images: n images and their maps.
        seed: seed of the random order, and of the order of places of equal value.
        tick: called with the number of predictions made since it was last called.

    Returns:
        Probabilities, shape (n, kinds, orders, STEPS + 1), in [0, 1].
    """
    parts = []
    for start in range(0, len(images.pixels), _CHUNK):
        rows = range(start, min(start + _CHUNK, len(images.pixels)))
        shown = np.concatenate(in_parallel(partial(_along, images, seed), rows))
        said = predictor.probabilities(shown).reshape(len(rows), PREDICTIONS, -1)
        called = images.scored.predicted[rows.start : rows.stop]
        parts.append(said[np.arange(len(rows)), :, called].astype(np.float64))
        tick(len(shown))
    found = np.concatenate(parts)  # (n, PREDICTIONS)
    whole, empty = found[:, 0, None, None, None], found[:, 1, None, None, None]
    between = found[:, 2:].reshape(len(found), len(KINDS), len(ORDERS), STEPS - 1)
    ends = [np.broadcast_to(end, (len(found), 1, len(ORDERS), 1)) for end in (whole, empty)]
    first, last = np.concatenate(ends, axis=1), np.concatenate(ends[::-1], axis=1)
    return np.concatenate([first, between, last], axis=-1)


def summarise_curves(
    curves: FloatArray, images: ExplainedImages, members: BoolArray, resampling: Resampling
) -> Perturbation:
    """Computes mean curves, the areas under them, and gains, with bootstrap intervals.

    Args:
        curves: curves of all n images, as `measure_curves` returns them.
        images: the images.
        members: True for each image of the group, shape (n,): at least one.
        resampling: resamples of the patients.
    """
    curves, patients = curves[members], images.scored.patients[members]
    areas: FloatArray = np.asarray(
        np.trapezoid(curves, dx=1 / STEPS, axis=-1)
    )  # (n, kinds, orders)
    values = {}
    for k, kind in enumerate(KINDS):
        for o, order in enumerate(ORDERS):
            values[kind, order] = areas[:, k, o]
            sign = 1 if kind == "deletion" else -1
            values[kind, f"{order} gain"] = sign * (areas[:, k, o] - areas[:, k, 0])
    named = {" ".join(name): each for name, each in values.items()}
    found = resampling.estimate_means(named, patients)
    means = curves.mean(axis=0)
    return Perturbation(
        images=len(curves),
        patients=len(np.unique(patients)),
        curves={
            kind: {order: tuple(means[k, o].tolist()) for o, order in enumerate(ORDERS)}
            for k, kind in enumerate(KINDS)
        },
        areas={kind: {order: found[f"{kind} {order}"] for order in ORDERS} for kind in KINDS},
        gains={
            kind: {order: found[f"{kind} {order} gain"] for order in ORDERS[1:]} for kind in KINDS
        },
    )


def _along(images: ExplainedImages, seed: int, index: int) -> Grey:
    """Makes the image whole, empty, and at each step of each kind and order (PREDICTIONS, h, w)."""
    pixels, places = images.pixels[index], images.called_maps[index]
    empty = np.full_like(pixels, round(float(pixels.mean())))
    rng = np.random.default_rng([seed, index])
    shown = [pixels, empty]
    ranks = [_on_pixels(rank, pixels.shape) for rank in _orders(places, rng)]
    taken = [round(places.size * step / STEPS) for step in range(1, STEPS)]
    for before, after in ((pixels, empty), (empty, pixels)):
        shown += [np.where(rank < count, after, before) for rank in ranks for count in taken]
    return np.stack(shown)


def _orders(places: NDArray[np.float32], rng: np.random.Generator) -> list[IntArray]:
    """Ranks the places in each of `ORDERS`: 0 is taken first; ties are broken at random."""
    height, width = places.shape
    rows, columns = np.ogrid[:height, :width]
    away = np.hypot((rows + 0.5) / height - 0.5, (columns + 0.5) / width - 0.5)
    return [_ranked(by, rng) for by in (-places, np.zeros_like(places), away)]


def _ranked(by: NDArray[np.floating], rng: np.random.Generator) -> IntArray:
    order = np.lexsort((rng.random(by.size), by.ravel()))
    ranks = np.empty(by.size, np.int64)
    ranks[order] = np.arange(by.size)
    return ranks.reshape(by.shape)


def _on_pixels(places: IntArray, shape: tuple[int, ...]) -> IntArray:
    """Spreads places (h', w') over the blocks of pixels that they stand for, (h, w)."""
    rows, columns = (
        np.arange(side) * count // side for side, count in zip(shape, places.shape, strict=True)
    )
    return places[np.ix_(rows, columns)]
