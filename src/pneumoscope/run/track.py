"""The training as a run of MLflow: its settings, its metrics by epoch, its bundle and curves.

MLflow is imported when a tracker is made, and sends nothing but to the tracking server.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
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
    back, at the latest at the end or when the run is resumed.

    Args:
        shown: the observer that all is passed on to.

    Raises:
        DependencyError: if the extra `track` is not installed.
        SettingsError: if the environment names no tracking server.
        PeerError: if the tracking server cannot be used.
    """

    def __init__(self, shown: Observer | None = None) -> None:
        self._shown = shown or Observer()
        self._address = os.environ.get(ADDRESS, "")
        if not self._address:
            raise SettingsError(
                "There is no tracking server to send to",
                expected=f"its address in {ADDRESS}",
                remedy=f"Set {ADDRESS}, such as http://localhost:5000 or sqlite:////data/mlflow.db",
                code="tracking-server-missing",
            )
        self._client = _client()
        self._warned = False
        self._id = ""
        self._sent = 0
        name = os.environ.get(EXPERIMENT) or "pneumoscope"
        try:
            found = self._client.get_experiment_by_name(name)
            self._experiment = str(
                found.experiment_id if found else self._client.create_experiment(name)
            )
        except Exception as error:  # MLflow's own, and those of its stores
            raise PeerError(
                f"The tracking server {_without_password(self._address)} cannot be used: "
                f"{_without_password(str(error)).splitlines()[0]}",
                remedy=f"Start it, or correct {ADDRESS}",
            ) from error

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
        self._run = run
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
        if path.exists():
            known = json.loads(path.read_bytes())["run_id"]
            self._client.update_run(known, "RUNNING")
            sent = self._client.get_metric_history(known, "loss")
            self._sent = max((metric.step for metric in sent), default=0)
        else:
            created = self._client.create_run(
                self._experiment, run_name=self._run.root.name, tags=_tags(self._run)
            )
            known = created.info.run_id
            write_json(path, {"run_id": known})
        for name, value in asdict(self._run.resolved).items():
            self._client.log_param(known, name, value)
        self._id = known

    @contextmanager
    def _tolerated(self) -> Iterator[None]:
        """Says once that the server is lost, rather than ending the training."""
        try:
            yield
        except PneumoscopeError:
            raise
        except Exception as error:  # MLflow's own, and those of its stores
            if not self._warned:
                self._warned = True
                self.note(
                    f"The tracking server is lost ({_without_password(str(error)).splitlines()[0]})"
                    ": the training goes on, and what it misses is sent when it is back"
                )


def _client() -> MlflowClient:
    """Imports MLflow silent and impatient, and makes a client of it."""
    os.environ.update(_SILENT)
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    with extra_needed("track", "Tracking"):
        from mlflow import MlflowClient
    return MlflowClient()


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


def _without_password(text: str) -> str:
    """Removes user and password from the addresses in a text."""
    return re.sub(r"//[^/@\s]*@", "//", text) or "no reason was given"
