"""How the training images are spread: what new images are held against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from pneumoscope.bundle.layout import GATE, REFERENCE

if TYPE_CHECKING:
    from pneumoscope.statistics import Bins, Familiarity

_MOST_UNPACKED = 400_000_000  # bytes


def write_reference(folder: Path, reference: Mapping[str, Bins]) -> None:
    """Writes what `Bundle.reference` reads into a bundle that is being made."""
    content = {name: bins.to_json() for name, bins in reference.items()}
    (folder / REFERENCE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_reference(data: bytes) -> dict[str, Bins]:
    """How training images and validation scores are spread, by name.

    Raises:
        Exception: of any kind, if it makes no sense.
    """
    from pneumoscope.statistics import Bins

    return {name: Bins.from_json(bins) for name, bins in json.loads(data).items()}


def write_gate(folder: Path, familiarities: Mapping[str, Familiarity]) -> None:
    """Writes what `Bundle.familiarities` reads into a bundle that is being made."""
    import numpy as np

    arrays = {}
    for name, found in familiarities.items():
        arrays[f"{name}_means"], arrays[f"{name}_whitening"] = found.means, found.whitening
    np.savez(folder / GATE, allow_pickle=False, **arrays)


def read_gate(data: bytes, names: Iterable[str]) -> dict[str, Familiarity]:
    """Where the training images lie, by the distances of these names.

    Raises:
        Exception: of any kind, if it makes no sense.
    """
    import numpy as np

    from pneumoscope.statistics import Familiarity

    with ZipFile(BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _MOST_UNPACKED:
        raise ValueError(f"{size:,} bytes unpacked, where {_MOST_UNPACKED:,} are the most")
    with np.load(BytesIO(data), allow_pickle=False) as content:
        found = {name: (content[f"{name}_means"], content[f"{name}_whitening"]) for name in names}
    if any(array.dtype != np.float32 for pair in found.values() for array in pair):
        raise TypeError("an array is not float32")
    return {name: Familiarity(*pair) for name, pair in found.items()}
