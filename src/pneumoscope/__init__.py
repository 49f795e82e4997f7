"""Pneumoscope: trains, proves and runs a network that tells normal from pneumonia.

    >>> import pneumoscope
    >>> prepared = pneumoscope.prepare("chest_xray")
    >>> result = pneumoscope.train("chest_xray")
    >>> report = pneumoscope.evaluate(result.bundle, "chest_xray")
    >>> pneumoscope.load(result.bundle).predict("radiograph.jpeg").probability

A research tool, not a medical device: never a diagnosis.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pneumoscope.version import __version__ as __version__

# Nothing leaves the machine. ONNX Runtime reads this when it is imported, by whomever, and no more.
if "onnxruntime" in sys.modules and "ORT_DISABLE_TELEMETRY" not in os.environ:
    warnings.warn(
        "onnxruntime was imported before pneumoscope, and may send telemetry: import pneumoscope "
        "first, or set ORT_DISABLE_TELEMETRY=1",
        stacklevel=2,
    )
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from pneumoscope.dataset import PhantomSettings, make_phantoms, prepare
    from pneumoscope.errors import PneumoscopeError
    from pneumoscope.evaluation import evaluate
    from pneumoscope.inference import Predictor, load
    from pneumoscope.run import TrainingSettings
    from pneumoscope.training import train
    from pneumoscope.types import Prediction

# Each name is imported when it is first used: predicting never waits for what trains.
_HOMES = {
    "PhantomSettings": "dataset",
    "PneumoscopeError": "errors",
    "Prediction": "types",
    "Predictor": "inference",
    "TrainingSettings": "run",
    "evaluate": "evaluation",
    "load": "inference",
    "make_phantoms": "dataset",
    "prepare": "dataset",
    "train": "training",
}

__all__ = [
    "PhantomSettings",
    "PneumoscopeError",
    "Prediction",
    "Predictor",
    "TrainingSettings",
    "evaluate",
    "load",
    "make_phantoms",
    "prepare",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pneumoscope' has no attribute {name!r}")
    return getattr(import_module(f"pneumoscope.{_HOMES[name]}"), name)
