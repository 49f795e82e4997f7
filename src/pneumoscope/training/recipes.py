"""How each network is trained unless the user says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pneumoscope.training.backbones import BACKBONES

# The published one: Adam at a constant rate, stopped early, on the images as they are.
_PUBLISHED = {
    "image_size": 224,
    "epochs": 20,
    "patience": 3,
    "batch_size": 32,
    "learning_rate": 1e-3,
    "cosine": False,
    "weight_decay": 0.0,
    "averaging": 0.0,
    "label_smoothing": 0.0,
    "class_weights": False,
    "augmentation": False,
}

# Chosen by patient-grouped stress validation: docs/adr/0015-shipped-network.md.
_ROBUST = {
    "image_size": 128,
    "epochs": 0,
    "patience": 0,
    "batch_size": 32,
    "learning_rate": 2e-3,
    "cosine": True,
    "weight_decay": 0.02,
    "averaging": 0.998,
    "label_smoothing": 0.05,
    "class_weights": True,
    "augmentation": True,
}

# At the size that their weights were trained at, in small steps, so that they keep what they know:
# customary, not measured.
_PRETRAINED = {**_ROBUST, "image_size": 224, "learning_rate": 2e-4}

# Of few images 80 epochs are too few steps: docs/how-to/few-images.md has the measurements.
_EPOCHS, _FEWEST_STEPS = 80, 1600

_RECIPES = {"baseline": _PUBLISHED, **dict.fromkeys(BACKBONES, _PRETRAINED)}


def epochs_for(steps: int) -> int:
    """How many epochs are trained where no number is given: 80, or what comes to 1,600 steps.

    Args:
        steps: batches in an epoch.
    """
    return max(_EPOCHS, -(-_FEWEST_STEPS // steps))


def recipe(arch: str) -> Mapping[str, Any]:
    """The settings that belong to a network, by name of the field of `TrainingSettings`."""
    return _RECIPES.get(arch, _ROBUST)
