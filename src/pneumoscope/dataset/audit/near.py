"""Search for pairs of nearly the same pictures, without comparing all pairs.

A random projection forest (Dasgupta and Freund, Random projection trees and low dimensional
manifolds, STOC 2008) sorts pictures so that similar ones nearly always share a leaf: each tree
halves the set repeatedly along the difference of two random pictures. Pictures are compared only
within leaves. As the size of a leaf is fixed, the work grows with n log n.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Protocol

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
_AT_ONCE = 8192  # pictures that are read or multiplied at a time
_DIGEST = 16  # bytes
_FLAT = 1.0  # standard deviation in grey levels below which pictures are alike, and not compared

FloatArray = NDArray[np.float32]


class Pictures(Protocol):
    """Thumbnails in memory or on the disk, uint8 of shape (n, s, s), s a multiple of 8."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: IntArray, /) -> NDArray[np.uint8]: ...


def near_pairs(thumbnails: Pictures, *, seed: int = 0) -> dict[tuple[int, int], float]:
    """Finds the pairs of pictures whose thumbnails correlate by `THRESHOLD` or more.

    Copies that were scaled, squashed, saved with losses, brightened or stretched in contrast are
    found; those that were turned, mirrored or cropped are not. Of thumbnails that are the same,
    each is paired with the one before it alone, and only the first is compared with others.

    Args:
        thumbnails: the thumbnails, of which few are read at a time.
        seed: seed of the random projection forest.

    Returns:
        Pearson correlation by pair of indices, the lower index first.
    """
    points, structured, digests = _sort_out(thumbnails)
    found = {
        (int(structured[one]), int(structured[other])): 1.0 for one, other in same_keys(digests)
    }
    structured = structured[np.sort(np.unique(digests, return_index=True)[1])]
    rng = np.random.default_rng(seed)
    with threadpool_limits(1):  # on several threads products this small take ten times as long
        for _ in range(_TREES):
            for leaf in _leaves(points, structured, rng):
                alike = np.triu(points[leaf] @ points[leaf].T >= THRESHOLD, k=1)
                members = leaf[alike.any(axis=0) | alike.any(axis=1)]  # hardly any
                found |= _correlated(thumbnails, members)
    return dict(sorted(found.items()))


def same_keys(keys: NDArray[np.bytes_]) -> Iterator[tuple[int, int]]:
    """Yields each index whose key occurs before, after the last one that has the same."""
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
    yield from zip(order[same].tolist(), order[same + 1].tolist(), strict=True)


def _sort_out(thumbnails: Pictures) -> tuple[FloatArray, IntArray, NDArray[np.bytes_]]:
    """Reads all thumbnails, a few at a time.

    Returns:
        The coarse pictures, standardised, float32 of shape (n, 64); the indices of those that are
        not flat; and the digests of their thumbnails.
    """
    points = np.empty((len(thumbnails), _COARSE**2), np.float32)
    structured, digests = [], []
    for start in range(0, len(thumbnails), _AT_ONCE):
        some = np.arange(start, min(start + _AT_ONCE, len(thumbnails)))
        pictures = thumbnails[some]
        block = pictures.shape[1] // _COARSE
        blocks = pictures.reshape(len(some), _COARSE, block, _COARSE, block)
        coarse = blocks.mean(axis=(2, 4), dtype=np.float32).reshape(len(some), _COARSE**2)
        points[some] = _standardised(coarse)
        for index in np.flatnonzero(coarse.std(axis=1) >= _FLAT):
            structured.append(start + index)
            digests.append(blake2b(pictures[index].tobytes(), digest_size=_DIGEST).digest())
    return points, np.array(structured, np.int64), np.array(digests, f"S{_DIGEST}")


def _correlated(thumbnails: Pictures, members: IntArray) -> dict[tuple[int, int], float]:
    """Finds the pairs of members that reach the threshold, with all pixels compared."""
    if not len(members):
        return {}
    rows = _standardised(thumbnails[members].reshape(len(members), -1))
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
        some = np.array_split(members, len(members) // _AT_ONCE + 1)
        along = np.concatenate([points[part] @ (one - other) for part in some])
        order = np.argsort(along, kind="stable")
        pending += np.array_split(members[order], 2)


def _standardised(rows: NDArray[np.generic]) -> FloatArray:
    """Scales rows to zero mean and unit length, so that their products are correlations."""
    centred = rows.astype(np.float32)
    centred -= centred.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    standardised: FloatArray = centred / np.maximum(lengths, np.finfo(np.float32).tiny)
    return standardised
