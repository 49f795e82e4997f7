"""A training is told to MLflow whole, also where the server was away; and only where asked for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from pneumoscope.errors import PeerError, SettingsError
from pneumoscope.run import Observer, TrainingSettings
from pneumoscope.run.folder import CURVES, FIGURES, TRACKED, Run
from pneumoscope.run.history import FILE
from pneumoscope.run.track import ADDRESS, EXPERIMENT, Tracker, attach, read_id

mlflow = pytest.importorskip("mlflow")

SERVER = "MLFLOW_SERVER"  # path of the program `mlflow` of an environment with all of MLflow
PATIENCE = 120  # seconds until a server has started


class Notes(Observer):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv(ADDRESS, address := (tmp_path / "store").as_uri())
    monkeypatch.delenv(EXPERIMENT, raising=False)
    return address


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Makes a run folder with what there is of one that has ended."""
    settings = TrainingSettings(epochs=3).complete()
    run = Run(tmp_path / "runs" / "first", Path("chest_xray"), settings, fingerprint="f" * 64)
    run = replace(run, epochs=3, backend="tensorflow", devices=("cpu:0",))
    for folder in (run.bundle, run.root / FIGURES):
        folder.mkdir(parents=True)
    (run.bundle / "bundle.json").write_text("{}")
    (run.root / f"{CURVES}.png").write_bytes(b"picture")
    return run


def train(run: Run, tracker: Tracker, first: int, last: int) -> None:
    """Does to the tracker what a training does, with one more line of the history each epoch."""
    for epoch in range(first, last + 1):
        lines = ["epoch,loss,val_loss", *(f"{n},{1 / n},{2 / n}" for n in range(1, epoch + 1))]
        (run.root / FILE).write_text("\n".join(lines) + "\n")
        tracker.epoch_ended(epoch, {"loss": 1 / epoch, "val_loss": 2 / epoch}, True)


def told(run: Run) -> Any:
    return mlflow.MlflowClient().get_run(read_id(run.root))


def losses(run: Run, name: str = "val_loss") -> list[tuple[int, float]]:
    found = mlflow.MlflowClient().get_metric_history(read_id(run.root), name)
    return [(metric.step, metric.value) for metric in found]


WHOLE = [(1, 2.0), (2, 1.0), (3, pytest.approx(2 / 3))]


def test_settings_metrics_bundle_and_curves_are_told(store: str, run: Run) -> None:
    tracker = Tracker()
    tracker.started(run)
    train(run, tracker, 1, 3)
    tracker.ended(run, False)
    found = told(run)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "first"
    assert found.data.params["epochs"] == "3"
    assert found.data.params["learning_rate"] == str(run.resolved.learning_rate)
    assert found.data.tags["data"] == run.fingerprint
    assert losses(run) == WHOLE
    listed = mlflow.MlflowClient().list_artifacts
    paths = {each.path for each in listed(found.info.run_id)}
    assert paths == {"bundle", FIGURES, FILE}
    assert [each.path for each in listed(found.info.run_id, "bundle")] == ["bundle/bundle.json"]


def test_no_path_and_no_person_is_told(store: str, run: Run) -> None:
    tracker = Tracker()
    tracker.started(replace(run, data=Path("/home/qz-user/Qz^Name")))
    tags = {
        name: value for name, value in told(run).data.tags.items() if not name.startswith("mlflow.")
    }
    assert "qz" not in str({**told(run).data.params, **tags}).lower()


def test_what_a_lost_server_misses_is_told_when_it_is_back(
    store: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes()
    tracker = Tracker(notes)
    tracker.started(run)
    with monkeypatch.context() as away:

        def refuse(*_: object, **__: object) -> None:
            raise ConnectionError("no route to http://qz-user:Qz-secret@host")

        away.setattr(mlflow.MlflowClient, "log_batch", refuse)
        train(run, tracker, 1, 2)
    (note,) = notes.texts
    assert "the training goes on" in note
    assert "Qz-secret" not in note
    train(run, tracker, 3, 3)
    assert losses(run) == WHOLE


def test_a_resumed_run_goes_on_with_its_own(store: str, run: Run) -> None:
    tracker = Tracker()
    tracker.started(run)
    train(run, tracker, 1, 2)
    tracker.ended(run, True)
    assert told(run).info.status == "KILLED"
    known = read_id(run.root)
    tracker = Tracker()
    tracker.started(run)
    assert told(run).info.status == "RUNNING"
    train(run, tracker, 3, 3)
    assert read_id(run.root) == known
    assert losses(run) == WHOLE


def test_another_server_is_told_all(
    store: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Tracker()
    tracker.started(run)
    train(run, tracker, 1, 2)
    known = read_id(run.root)
    monkeypatch.setenv(ADDRESS, (tmp_path / "other").as_uri())
    tracker = Tracker()
    tracker.started(run)
    train(run, tracker, 3, 3)
    assert read_id(run.root) != known
    assert losses(run) == WHOLE


def test_each_of_several_trainings_is_a_run(store: str, run: Run, tmp_path: Path) -> None:
    second = replace(run, root=tmp_path / "runs" / "second")
    second.root.mkdir()
    tracker = Tracker()
    for each in (run, second):
        tracker.started(each)
        train(each, tracker, 1, 3)
    assert read_id(run.root) != read_id(second.root)
    assert losses(run) == losses(second) == WHOLE


def test_a_report_is_attached_to_its_run(store: str, run: Run, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="was not tracked") as caught:
        read_id(run.root)
    assert caught.value.code == "run-untracked"
    Tracker().started(run)
    page = tmp_path / "report.html"
    page.write_text("<p>")
    attach(known := read_id(run.root), [page])
    assert [each.path for each in mlflow.MlflowClient().list_artifacts(known)] == ["report.html"]


def test_without_an_address_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    with pytest.raises(SettingsError, match=ADDRESS) as caught:
        Tracker()
    assert caught.value.code == "tracking-server-missing"


@pytest.mark.parametrize("address", ["http://qz-user:Qz-secret@127.0.0.1:9", "qz://nothing"])
def test_a_server_that_is_away_is_named_before_the_training(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS, address)
    with pytest.raises(PeerError, match="cannot be used") as caught:
        Tracker()
    assert "Qz-secret" not in f"{caught.value}"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Starts a tracking server on loopback."""
    if SERVER not in os.environ:
        pytest.skip(f"{SERVER} does not name the program of a whole MLflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [os.environ[SERVER], "server", "--host", "127.0.0.1", "--port", port]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db"]
    command += ["--artifacts-destination", str(tmp_path / "artifacts")]
    silent = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=silent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            address, until = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
            while True:
                try:
                    urlopen(f"{address}/health", timeout=5).close()
                    break
                except (URLError, TimeoutError):
                    assert process.poll() is None
                    assert time.monotonic() < until
                    time.sleep(0.5)
            monkeypatch.setenv(ADDRESS, address)
            yield address
        finally:
            process.terminate()


@pytest.mark.slow
@pytest.mark.keras
def test_a_training_and_its_report_are_read_back_from_a_server(
    server: str, phantoms: Path, tmp_path: Path
) -> None:
    program, root = str(Path(sys.executable).with_name("pneumoscope")), tmp_path / "tracked"
    small = ["--arch", "baseline", "--image-size", "32", "--epochs", "2"]
    command = [program, "train", str(phantoms), "-o", str(root), *small, "--track", "mlflow"]
    subprocess.run(command, check=True)
    subprocess.run([program, "report", str(root), "--track", "mlflow"], check=True)
    client = mlflow.MlflowClient()
    known = read_id(root)
    lines = (root / FILE).read_text().splitlines()
    column = lines[0].split(",").index("val_loss")
    expected = [(n, float(line.split(",")[column])) for n, line in enumerate(lines[1:], start=1)]
    found = client.get_metric_history(known, "val_loss")
    assert [(metric.step, metric.value) for metric in found] == expected
    assert client.get_run(known).info.status == "FINISHED"
    local = Path(client.download_artifacts(known, "bundle", str(tmp_path)))
    for path in filter(Path.is_file, (root / "bundle").rglob("*")):
        assert (local / path.relative_to(root / "bundle")).read_bytes() == path.read_bytes()
    assert {each.path for each in client.list_artifacts(known)} == {
        *("bundle", FIGURES, FILE, "report.html", "MODEL_CARD.md")
    }
    assert not (root / TRACKED).read_text().count(server)
