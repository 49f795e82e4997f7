"""What the files of a bundle are called."""

MANIFEST = "bundle.json"
NETWORK = "model.onnx"
SEEN = "seen.json"
REFERENCE = "reference.json"
GATE = "gate.npz"
CARD = "MODEL_CARD.md"

REMEDY = "Make the bundle again with `pneumoscope train`, or copy it again from where it came"
"""What to do about a file that is missing or has changed."""
