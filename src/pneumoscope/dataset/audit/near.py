"""Search for pairs of nearly the same pictures, without comparing all pairs.

A random projection forest (Dasgupta and Freund, Random projection trees and low dimensional
manifolds, STOC 2008) sorts pictures so that similar ones nearly always share a leaf: each tree
halves the set repeatedly along the difference of two random pictures. Pictures are compared only
within leaves. As the size of a leaf is fixed, the work grows with n log n.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pneumoscope.statistics import IntArray

# Pearson correlation of thumbnails from which two pictures are called the same. Among 13.6 million
# pairs of different radiographs the most alike reached 0.980; copies that had been scaled, saved
# with losses, made noisy, brighter or richer in contrast stayed above 0.993.
THRESHOLD = 0.99

_TREES = 8
_LEAF = 256  # greatest number of pictures in a leaf
_COARSE = 8  # side of the thumbnails for sorting and for a first comparison, in pixels
_FLAT = 1.0  # standard deviation in grey levels below which pictures are alike, and not compared

FloatArray = NDArray[np.float32]


def near_pairs(thumbnails: NDArray[np.uint8], *, seed: int = 0) -> dict[tuple[int, int], float]:
    """Finds the pairs of pictures whose thumbnails correlate by `THRESHOLD` or more.

    Copies that were scaled, squashed, saved with losses, brightened or stretched in contrast are
    found; those that were turned, mirrored or cropped are not.

    Args:
        thumbnails: uint8 of shape (n, s, s), s a multiple of 8.
        seed: seed of the random projection forest.

    Returns:
        Pearson correlation by pair of indices, the lower index first.
    """
    n, side, _ = thumbnails.shape
    pixels = thumbnails.reshape(n, side * side)
    blocks = thumbnails.reshape(n, _COARSE, side // _COARSE, _COARSE, side // _COARSE)
    coarse = blocks.mean(axis=(2, 4), dtype=np.float32).reshape(n, _COARSE**2)
    structured = np.flatnonzero(coarse.std(axis=1) >= _FLAT)
    points = _standardised(coarse)
    rng = np.random.default_rng(seed)
    found: dict[tuple[int, int], float] = {}
    with threadpool_limits(1):  # on several threads products this small take ten times as long
        for _ in range(_TREES):
            for leaf in _leaves(points, structured, rng):
                alike = np.triu(points[leaf] @ points[leaf].T >= THRESHOLD, k=1)
                members = leaf[alike.any(axis=0) | alike.any(axis=1)]  # hardly any
                found |= _correlated(pixels, members)
    return dict(sorted(found.items()))


def _correlated(pixels: NDArray[np.uint8], members: IntArray) -> dict[tuple[int, int], float]:
    """Finds the pairs of members that reach the threshold, with all pixels compared."""
    rows = _standardised(pixels[members])
    correlations = np.minimum(np.triu(rows @ rows.T, k=1), 1.0)
    found = {}
    for i, j in np.argwhere(correlations >= THRESHOLD):
        first, second = sorted((int(members[i]), int(members[j])))
        found[first, second] = float(correlations[i, j])
    return found


def _leaves(points: FloatArray, members: IntArray, rng: np.random.Generator) -> Iterator[IntArray]:
    """Divides the members into groups of similar ones, of at most `_LEAF` each."""
    pending = [members]
    while pending:
        members = pending.pop()
        if len(members) <= _LEAF:
            yield members
            continue
        one, other = points[rng.choice(members, 2, replace=False)]
        # by rank, not by value, so that a set of nothing but copies is halved as well
        order = np.argsort(points[members] @ (one - other), kind="stable")
        pending += np.array_split(members[order], 2)


def _standardised(rows: NDArray[np.generic]) -> FloatArray:
    """Scales rows to zero mean and unit length, so that their products are correlations."""
    centred = rows.astype(np.float32)
    centred -= centred.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    standardised: FloatArray = centred / np.maximum(lengths, np.finfo(np.float32).tiny)
    return standardised
