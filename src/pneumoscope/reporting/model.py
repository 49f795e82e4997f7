"""The model that a report is about, and the run that made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pneumoscope.bundle import Bundle
from pneumoscope.errors import DataError
from pneumoscope.run import History, Run, is_run, read_history, read_run
from pneumoscope.run.folder import SETTINGS
from pneumoscope.run.history import MONITOR, find_best
from pneumoscope.shipped import is_added, is_shipped, read_model


@dataclass(frozen=True)
class TrainedModel:
    """A bundle, and what the run that made it has left around it.

    Attributes:
        root: the folder around the bundle; for a model that ships, the folder of its reports.
        bundle: the model.
        run: the run that made it; None where only the bundle is there.
        history: losses and metrics by name, a value for each epoch; empty if there is no history.
    """

    root: Path
    bundle: Bundle
    run: Run | None
    history: History

    @property
    def unfinished(self) -> bool:
        """True if the training ended before its last epoch, and not by early stopping."""
        done = len(self.history.get(MONITOR, ()))
        if self.run is None or not done:
            return False
        patience = self.run.recipe.patience
        since_best = done - 1 - find_best(self.history)
        return done < self.run.epochs and not 0 < patience <= since_best


def read_trained_model(run: Path | str) -> TrainedModel:
    """Reads a run folder, or a bundle without one.

    Args:
        run: the run folder, the bundle, or the name of a model that ships.

    Raises:
        BundleError: if there is no bundle in it, or one that cannot be used.
        DataError: if the settings of the run cannot be used.
        StorageError: if a file may not be read.
    """
    bundle = read_model(run)
    has_name = is_shipped(bundle) or is_added(bundle.root)
    root = Path("reports", bundle.root.name) if has_name else bundle.root.parent
    return TrainedModel(root, bundle, read_run(root) if is_run(root) else None, _read_history(root))


def find_data(model: TrainedModel, given: Path | None) -> Path:
    """Returns the data to measure on: what was given, or else what the model was trained on.

    Raises:
        DataError: if no data was given and that of the training is not known, or if there is
            nothing at its path.
    """
    data = given or (model.run.data if model.run else None)
    if data is None:
        raise DataError(
            f"Nothing says what {model.bundle.root} was trained on",
            expected=f"{SETTINGS} in the run folder",
            remedy="Give the data to measure on as `data`",
        )
    if not data.exists():
        whose = "" if given else ", which the run was trained on,"
        raise DataError(
            f"The data {data}{whose} is not there",
            expected="class folders, a CSV manifest, or a prepared folder",
            received="nothing there",
            remedy="Give the place where it is now as `data`",
            code="data-missing",
            values={"path": str(data)},
        )
    return data


def _read_history(root: Path) -> History:
    """Reads the history; empty where it is missing or cut off: curves are not worth an error."""
    try:
        return read_history(root)
    except DataError:
        return {}
