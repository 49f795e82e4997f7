"""What the files of a bundle are called."""

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
"""What to do about a file that is missing or has changed."""

NOT_OURS = "Use a bundle that `pneumoscope.train` has made, from somebody you trust"
"""What to do about a network that we cannot have made."""


def former(root: Path) -> list[Path]:
    """What was put aside for a new bundle `root` when its replacement was killed."""
    try:
        return sorted(root.parent.glob(f".{glob.escape(root.name)}.*.former")) if root.name else []
    except (OSError, ValueError):
        return []
