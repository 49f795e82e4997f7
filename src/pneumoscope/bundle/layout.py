"""Names of the files of a bundle."""

from __future__ import annotations

import glob
from pathlib import Path

MANIFEST = "bundle.json"
NETWORK = "model.onnx"
SEEN = "seen.json"
REFERENCE = "reference.json"
GATE = "gate.npz"
CARD = "MODEL_CARD.md"

REMEDY = "Make the bundle again with `pneumoscope.train`, or copy it again from where it came"
"""Remedy for a file that is missing or has changed."""

NOT_OURS = "Use a bundle that `pneumoscope.train` has made, from somebody you trust"
"""Remedy for a network that this package cannot have made."""


def former(root: Path) -> list[Path]:
    """Lists the former bundles that an interrupted replacement of `root` has left beside it."""
    try:
        return sorted(root.parent.glob(f".{glob.escape(root.name)}.*.former")) if root.name else []
    except (OSError, ValueError):
        return []
