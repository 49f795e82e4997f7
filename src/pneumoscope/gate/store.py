"""Storage of a gate in a bundle: its levels as JSON, its distances as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import numpy as np

from pneumoscope.gate.distance import TrainingDistance
from pneumoscope.gate.levels import GateLevel, GateLevels
from pneumoscope.graph import FEATURES

_MOST_UNPACKED = 400_000_000  # bytes


def parse_levels(content: Mapping[str, Any]) -> GateLevels:
    """Reads levels from the dictionary that `asdict` made of them.

    Raises:
        Exception: of any kind, if the content is not valid.
    """
    warn = {name: GateLevel(**level) for name, level in content["warn"].items()}
    refuse, sources = GateLevel(**content["refuse"]), tuple(content.get("sources", ()))
    scored = tuple(content.get("scored", (FEATURES,)))  # of older bundles
    known = {"warn": warn, "refuse": refuse, "sources": sources, "scored": scored}
    return GateLevels(**{**content, **known})


def pack_distances(distances: Mapping[str, TrainingDistance]) -> bytes:
    """Packs distances, by name, into an archive of NumPy arrays (NPZ)."""
    arrays = {}
    for name, distance in distances.items():
        arrays[f"{name}_means"], arrays[f"{name}_whitening"] = distance.means, distance.whitening
    stream = BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def unpack_distances(data: bytes, levels: GateLevels) -> dict[str, TrainingDistance]:
    """Reads the distances that there are levels for from an archive of `pack_distances`.

    Raises:
        Exception: of any kind, if the archive is not valid.
    """
    with ZipFile(BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _MOST_UNPACKED:
        raise ValueError(f"{size:,} bytes unpacked, where {_MOST_UNPACKED:,} are the most")
    with np.load(BytesIO(data), allow_pickle=False) as content:
        found = {
            name: (content[f"{name}_means"], content[f"{name}_whitening"]) for name in levels.warn
        }
    if any(array.dtype != np.float32 for pair in found.values() for array in pair):
        raise TypeError("an array is not float32")
    if levels.sources and any(len(means) != len(levels.sources) for means, _ in found.values()):
        raise ValueError("there is not one mean for each source that is named")
    return {name: TrainingDistance(*pair) for name, pair in found.items()}
