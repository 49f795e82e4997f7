"""Pneumoscope: trains, evaluates and runs a network that classifies chest radiographs.

    >>> import pneumoscope
    >>> result = pneumoscope.train("chest_xray", "runs/first")
    >>> pneumoscope.evaluate(result.bundle, "chest_xray", "evaluation").overall.estimates["auroc"]
    >>> for prediction in pneumoscope.predict(result.bundle, "radiographs", "heatmaps"):
    ...     print(prediction.path, prediction.label, prediction.probability)

Whatever the command line does is here, save the services. A function takes the model or the run
first, then the data, then the place to write to, and all else by keyword. The classes of results
are in the rooms, as in `pneumoscope.evaluation.Evaluation`.

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
    from pneumoscope import errors, types
    from pneumoscope.dataset import (
        PhantomSettings,
        ScanSettings,
        SplitSettings,
        make_phantoms,
        prepare,
    )
    from pneumoscope.dataset.audit import audit
    from pneumoscope.dataset.fetch import fetch
    from pneumoscope.errors import PneumoscopeError
    from pneumoscope.evaluation import compare, evaluate
    from pneumoscope.evaluation.heatmaps import check_heatmaps
    from pneumoscope.evaluation.overtime import performance_over_time
    from pneumoscope.evaluation.stress import stress
    from pneumoscope.inference import Predictor, load, predict
    from pneumoscope.monitor import drift
    from pneumoscope.names import hashed_names
    from pneumoscope.repeats import resume_several, train_several
    from pneumoscope.reporting import report
    from pneumoscope.run import Observer, TrainingSettings, list_runs
    from pneumoscope.scale import score
    from pneumoscope.shipped import list_models, read_model
    from pneumoscope.shipped.elsewhere import add_model, export_model, remove_model
    from pneumoscope.site import calibrate
    from pneumoscope.statistics.acceptance import plan
    from pneumoscope.team import Placement
    from pneumoscope.training import assist, resume, train
    from pneumoscope.tuning import tune
    from pneumoscope.types import Geometry, Prediction

# Each name, and each room, is imported when it is first used: predicting never waits for what
# trains.
_ROOMS = {
    "dataset": ("PhantomSettings", "ScanSettings", "SplitSettings", "make_phantoms", "prepare"),
    "dataset.audit": ("audit",),
    "dataset.fetch": ("fetch",),
    "errors": ("PneumoscopeError",),
    "evaluation": ("compare", "evaluate"),
    "evaluation.heatmaps": ("check_heatmaps",),
    "evaluation.overtime": ("performance_over_time",),
    "evaluation.stress": ("stress",),
    "inference": ("Predictor", "load", "predict"),
    "monitor": ("drift",),
    "names": ("hashed_names",),
    "repeats": ("resume_several", "train_several"),
    "reporting": ("report",),
    "run": ("Observer", "TrainingSettings", "list_runs"),
    "scale": ("score",),
    "shipped": ("list_models", "read_model"),
    "shipped.elsewhere": ("add_model", "export_model", "remove_model"),
    "site": ("calibrate",),
    "statistics.acceptance": ("plan",),
    "team": ("Placement",),
    "training": ("assist", "resume", "train"),
    "tuning": ("tune",),
    "types": ("Geometry", "Prediction"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Geometry",
    "Observer",
    "PhantomSettings",
    "Placement",
    "PneumoscopeError",
    "Prediction",
    "Predictor",
    "ScanSettings",
    "SplitSettings",
    "TrainingSettings",
    "add_model",
    "assist",
    "audit",
    "calibrate",
    "check_heatmaps",
    "compare",
    "drift",
    "errors",
    "evaluate",
    "export_model",
    "fetch",
    "hashed_names",
    "list_models",
    "list_runs",
    "load",
    "make_phantoms",
    "performance_over_time",
    "plan",
    "predict",
    "prepare",
    "read_model",
    "remove_model",
    "report",
    "resume",
    "resume_several",
    "score",
    "stress",
    "train",
    "train_several",
    "tune",
    "types",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"pneumoscope.{name}")
    if name in _HOMES:
        return getattr(import_module(f"pneumoscope.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'pneumoscope' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
