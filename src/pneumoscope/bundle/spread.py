"""How the training images are spread: what new images are held against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from pneumoscope.bundle.layout import GATE, REFERENCE, REMEDY
from pneumoscope.errors import BundleCorruptError

if TYPE_CHECKING:
    from pneumoscope.statistics import Bins, Familiarity


def write_reference(folder: Path, reference: Mapping[str, Bins]) -> None:
    """Writes what `Bundle.reference` reads into a bundle that is being made."""
    content = {name: bins.to_json() for name, bins in reference.items()}
    (folder / REFERENCE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_reference(folder: Path) -> dict[str, Bins] | None:
    """How training images and validation scores are spread, by name; None without the file."""
    from pneumoscope.statistics import Bins

    path = folder / REFERENCE
    if not path.is_file():
        return None
    content = json.loads(path.read_text("utf-8"))
    return {name: Bins.from_json(bins) for name, bins in content.items()}


def write_gate(folder: Path, familiarities: Mapping[str, Familiarity]) -> None:
    """Writes what `Bundle.familiarities` reads into a bundle that is being made."""
    import numpy as np

    arrays = {}
    for name, found in familiarities.items():
        arrays[f"{name}_means"], arrays[f"{name}_whitening"] = found.means, found.whitening
    np.savez(folder / GATE, allow_pickle=False, **arrays)


def read_gate(folder: Path, names: Iterable[str]) -> dict[str, Familiarity]:
    """Where the training images lie, by the distances of these names.

    Raises:
        BundleCorruptError: if the file makes no sense.
    """
    import numpy as np

    from pneumoscope.statistics import Familiarity

    path = folder / GATE
    try:
        with np.load(path, allow_pickle=False) as content:
            return {
                name: Familiarity(content[f"{name}_means"], content[f"{name}_whitening"])
                for name in names
            }
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise BundleCorruptError(f"{path} makes no sense: {error}", remedy=REMEDY) from error
