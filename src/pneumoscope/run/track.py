"""The training as a run of MLflow: its settings, its metrics by epoch, its bundle and curves.

MLflow is imported when a tracker is made, and sends nothing but to the tracking server.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.errors import PeerError, PneumoscopeError, SettingsError, extra_needed
from pneumoscope.files import write_json
from pneumoscope.run.folder import FIGURES, TRACKED, Run
from pneumoscope.run.history import FILE, read_history
from pneumoscope.run.observer import Observer
from pneumoscope.version import __version__

if TYPE_CHECKING:
    from mlflow import MlflowClient

ADDRESS = "MLFLOW_TRACKING_URI"
EXPERIMENT = "MLFLOW_EXPERIMENT_NAME"

_ID = "run_id"
_SILENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # where results stand
}
# By default a server that is away would hold a training up for minutes.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


class Tracker(Observer):
    """An observer that passes all on to another one, and tells a tracking server of MLflow.

    A server that is lost does not end the training: what it has missed is sent as soon as it is
    back, at the latest at the end or when the run is resumed. Of several trainings, each is a run.

    Args:
        shown: the observer that all is passed on to.

    Raises:
        DependencyError: if the extra `track` is not installed.
        SettingsError: if the environment names no tracking server.
        PeerError: if the tracking server cannot be used.
    """

    def __init__(self, shown: Observer | None = None) -> None:
        self._shown = shown or Observer()
        name = os.environ.get(EXPERIMENT) or "pneumoscope"
        with _usable_server() as self._client:
            found = self._client.get_experiment_by_name(name)
            self._experiment = str(
                found.experiment_id if found else self._client.create_experiment(name)
            )
        self._warned = False
        self._id = ""
        self._sent = 0

    def note(self, text: str) -> None:
        """Passes a sentence on."""
        self._shown.note(text)

    def prepared(self, done: int, total: int) -> None:
        """Passes the progress on."""
        self._shown.prepared(done, total)

    def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
        """Passes the progress on."""
        self._shown.trained(epoch, epochs, images, total)

    def lost(self, error: PeerError) -> None:
        """Passes the error on."""
        self._shown.lost(error)

    def started(self, run: Run) -> None:
        """Begins a run of MLflow, or goes on with that of a resumed run."""
        self._shown.started(run)
        self._run, self._id, self._sent = run, "", 0
        with self._tolerated():
            self._deliver()

    def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
        """Sends the metrics of this epoch, and of those before that the server has missed."""
        self._shown.epoch_ended(epoch, results, best)
        with self._tolerated():
            self._deliver()

    def ended(self, run: Run, interrupted: bool) -> None:
        """Sends the bundle, the history and the figures, and ends the run of MLflow."""
        self._shown.ended(run, interrupted)
        with self._tolerated():
            self._deliver()
            for folder in (run.bundle, run.root / FIGURES):
                self._client.log_artifacts(self._id, str(folder), folder.name)
            self._client.log_artifact(self._id, str(run.root / FILE))
            self._client.set_terminated(self._id, "KILLED" if interrupted else "FINISHED")

    def _deliver(self) -> None:
        """Sends what the server does not have yet."""
        if not self._id:
            self._begin()
        if not (self._run.root / FILE).exists():
            return
        from mlflow.entities import Metric

        history, now = read_history(self._run.root), int(time.time() * 1000)
        epochs = len(next(iter(history.values())))
        for epoch in range(self._sent, epochs):
            metrics = [
                Metric(name, values[epoch], now, epoch + 1) for name, values in history.items()
            ]
            self._client.log_batch(self._id, metrics=metrics)
            self._sent = epoch + 1

    def _begin(self) -> None:
        path = self._run.root / TRACKED
        known = read_id(self._run.root) if path.exists() else ""
        if known and self._has(known):
            self._client.update_run(known, "RUNNING")
            sent = self._client.get_metric_history(known, "loss")
            self._sent = max((metric.step for metric in sent), default=0)
        else:
            created = self._client.create_run(
                self._experiment, run_name=self._run.root.name, tags=_tags(self._run)
            )
            known = created.info.run_id
            write_json(path, {_ID: known})
        for name, value in asdict(self._run.resolved).items():
            self._client.log_param(known, name, value)
        self._id = known

    def _has(self, known: str) -> bool:
        """Tells whether the server has a run: it may be another server than before."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.get_run(known)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise
        return True

    @contextmanager
    def _tolerated(self) -> Iterator[None]:
        """Says once that the server is lost, rather than ending the training."""
        try:
            yield
        except PneumoscopeError:  # of our own folder
            raise
        except Exception as error:  # MLflow's own, and those of its stores
            if not self._warned:
                self._warned = True
                self.note(
                    f"The tracking server is lost ({_first_line(error)}): the training goes on, "
                    "and what it misses is sent when it is back"
                )


def read_id(run: Path) -> str:
    """Reads which run of MLflow tracks a training.

    Args:
        run: the run folder.

    Raises:
        SettingsError: if the training was not tracked.
    """
    path = run / TRACKED
    if not path.is_file():
        raise SettingsError(
            f"The training {run} was not tracked",
            expected=f"a run folder with {TRACKED}",
            remedy="Track a training from its start, or when it is resumed",
            code="run-untracked",
            values={"path": str(run)},
        )
    return str(json.loads(path.read_bytes())[_ID])


def attach(identifier: str, files: Iterable[Path]) -> None:
    """Sends files to a run of MLflow.

    Args:
        identifier: which run.
        files: the files.

    Raises:
        DependencyError: if the extra `track` is not installed.
        SettingsError: if the environment names no tracking server.
        PeerError: if the tracking server cannot be used, or does not have the run.
    """
    with _usable_server() as client:
        for file in files:
            client.log_artifact(identifier, str(file))


@contextmanager
def _usable_server() -> Iterator[MlflowClient]:
    """Imports MLflow silent and impatient, and names the server in what it raises."""
    address = os.environ.get(ADDRESS, "")
    if not address:
        raise SettingsError(
            "There is no tracking server to send to",
            expected=f"its address in {ADDRESS}",
            remedy=f"Set {ADDRESS}, such as http://localhost:5000 or sqlite:////data/mlflow.db",
            code="tracking-server-missing",
        )
    os.environ.update(_SILENT)
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    with extra_needed("track", "Tracking"):
        from mlflow import MlflowClient
    try:
        yield MlflowClient()
    except Exception as error:  # MLflow's own, and those of its stores
        raise PeerError(
            f"The tracking server {_without_password(address)} cannot be used",
            received=_first_line(error),
            remedy=f"Start it, or correct {ADDRESS}",
        ) from error


def _tags(run: Run) -> dict[str, str]:
    """Describes a run by what names no person and no path."""
    return {
        "pneumoscope": __version__,
        "backend": run.backend,
        "precision": run.precision.value,
        "devices": ", ".join(run.devices),
        "processes": str(run.processes),
        "data": run.fingerprint,
    }


def _first_line(error: Exception) -> str:
    return _without_password(f"{error}" or type(error).__name__).splitlines()[0]


def _without_password(text: str) -> str:
    """Removes user and password from the addresses in a text."""
    return re.sub(r"//[^/@\s]*@", "//", text)
