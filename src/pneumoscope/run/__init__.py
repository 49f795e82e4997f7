"""The folder of a training run: its settings, its history and its bundle.

Training writes it, and the report reads it; neither Keras nor TensorFlow is needed to read it.
"""

from pneumoscope.run.folder import Run, is_run, library_versions, new_run, read_run
from pneumoscope.run.history import History, read_history, write_history
from pneumoscope.run.observer import Observer
from pneumoscope.run.recipes import Recipe
from pneumoscope.run.settings import Precision, TrainingSettings

__all__ = [
    "History",
    "Observer",
    "Precision",
    "Recipe",
    "Run",
    "TrainingSettings",
    "is_run",
    "library_versions",
    "new_run",
    "read_history",
    "read_run",
    "write_history",
]
