"""The folder of a training run: its settings, its history and its bundle.

Training writes it, and the report reads it; neither Keras nor TensorFlow is needed to read it.
"""

from pneumoscope.recipes import Recipe
from pneumoscope.run.folder import (
    Run,
    is_run,
    library_versions,
    new_folder,
    new_run,
    read_run,
    require_same,
)
from pneumoscope.run.history import History, read_history, write_history
from pneumoscope.run.listing import ListedRun, State, list_runs
from pneumoscope.run.observer import Observer
from pneumoscope.run.settings import Precision, TrainingSettings
from pneumoscope.run.tables import tabulate_facts, tabulate_runs

__all__ = [
    "History",
    "ListedRun",
    "Observer",
    "Precision",
    "Recipe",
    "Run",
    "State",
    "TrainingSettings",
    "is_run",
    "library_versions",
    "list_runs",
    "new_folder",
    "new_run",
    "read_history",
    "read_run",
    "require_same",
    "tabulate_facts",
    "tabulate_runs",
    "write_history",
]
