"""Runs from data to bundle: whole, interrupted, killed and resumed."""

from __future__ import annotations

import csv
import errno
import json
import math
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY, MagicMock

import numpy as np
import pytest
from scipy.special import softmax

import pneumoscope
from pneumoscope.bundle import read_bundle
from pneumoscope.claims import claimed
from pneumoscope.dataset import PreparedSet
from pneumoscope.engine import open_session
from pneumoscope.errors import DataError, PneumoscopeError, SettingsError, StorageError
from pneumoscope.graph import FEATURES, IMAGE, PROBABILITIES
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.recipes import Balance
from pneumoscope.run import Observer, Precision, TrainingSettings
from pneumoscope.training import TrainingResult, architectures, fit, resume, train
from pneumoscope.types import Geometry, Split
from tests.conftest import encoded
from tests.training.conftest import SEED

pytestmark = pytest.mark.keras

SETTINGS = TrainingSettings(
    "baseline", image_size=32, epochs=4, batch_size=8, precision=Precision.FLOAT32, seed=SEED
)
OPTIONS = shlex.split(
    f"--arch baseline --image-size 32 --epochs 4 --batch-size 8 --precision float32 --seed {SEED}"
)


class Recorder(Observer):
    """Keeps what it receives, and presses Ctrl-C after so many epochs or batches."""

    def __init__(self, stop_after_epoch: int = 99, stop_at_batch: bool = False) -> None:
        self.notes: list[str] = []
        self.epochs: list[int] = []
        self.images: list[int] = []
        self._stop_after_epoch = stop_after_epoch
        self._stop_at_batch = stop_at_batch

    def note(self, text: str) -> None:
        self.notes.append(text)

    def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
        self.images.append(images)
        assert images <= total
        if self._stop_at_batch or epoch > self._stop_after_epoch:
            raise KeyboardInterrupt

    def epoch_ended(self, epoch: int, results: dict[str, float], best: bool) -> None:
        self.epochs.append(epoch)


@pytest.fixture(scope="module")
def whole(prepared: PreparedSet, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """A run without an interruption."""
    return train(prepared.root, tmp_path_factory.mktemp("runs") / "whole", SETTINGS)


def test_run_folder_explains_itself(whole: TrainingResult) -> None:
    names = {path.name for path in whole.run.iterdir()}
    assert names == {
        "settings.json",
        "environment.json",
        "history.csv",
        "tensorboard",
        "figures",
        "bundle",
    }
    assert (whole.run / "figures" / "curves.png").stat().st_size > 10_000
    assert list((whole.run / "tensorboard").rglob("events.*"))
    with (whole.run / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, whole.epochs + 1))
    assert [float(row["val_loss"]) for row in rows] == whole.history["val_loss"]


def test_no_curves_for_tensorboard_where_it_is_not_installed(
    prepared: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumoscope.training.fit.find_spec", lambda name: None)
    result = train(prepared.root, tmp_path / "run", replace(SETTINGS, epochs=1))
    assert not (result.run / "tensorboard").exists()


def test_bundle_holds_the_best_epoch(whole: TrainingResult, prepared: PreparedSet) -> None:
    from pneumoscope.training.backend import keras
    from pneumoscope.training.load import load_images

    assert whole.history["val_loss"][whole.best_epoch - 1] == min(whole.history["val_loss"])
    network = keras.models.load_model(whole.bundle / "model.keras")
    network.compile(loss="sparse_categorical_crossentropy")
    images = load_images(prepared, Split.VAL)
    stream = images.once(8)
    loss = network.evaluate(stream.batches, verbose=0)
    assert loss == pytest.approx(min(whole.history["val_loss"]), abs=1e-5)


def test_bundle_records_its_training(whole: TrainingResult, prepared: PreparedSet) -> None:
    info = read_bundle(whole.bundle).info
    assert info.classes == ("NORMAL", "PNEUMONIA")
    assert info.seed == SEED
    assert info.training_data["fingerprint"] == prepared.fingerprint
    assert info.metrics["epoch"] == whole.best_epoch
    assert whole.notices == info.calibration.notices
    assert info.metrics["val_loss"] == min(whole.history["val_loss"])
    assert "keras" in info.versions
    card = (whole.bundle / "MODEL_CARD.md").read_text()
    assert info.command in card
    assert "never a diagnosis" in card
    assert f"| train | {prepared.count(Split.TRAIN)['NORMAL']} |" in card
    assert "{" not in card


def test_bundle_predicts_and_is_evaluated_on_test_patients_only(
    whole: TrainingResult, prepared: PreparedSet, phantoms: Path
) -> None:
    record = prepared.images.published(Split.TEST)[0]
    source = next(p for p in phantoms.rglob("*.png") if read_bytes(p).sha256 == record.sha256)
    from_source = pneumoscope.load(whole.run).predict(source)
    assert pneumoscope.load(whole.bundle).predict(record.path).probability == pytest.approx(
        from_source.probability
    )
    found = pneumoscope.evaluate(whole.bundle, phantoms, resamples=100)
    assert found.overall.images == len(prepared.images.published(Split.TEST))


def test_same_seed_same_run(whole: TrainingResult, phantoms: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, epochs=2)
    again = train(str(phantoms), str(tmp_path / "again"), settings)
    assert again.history["loss"] == whole.history["loss"][:2]


def test_ctrl_c_keeps_the_best_so_far_and_resume_ends_alike(
    whole: TrainingResult, prepared: PreparedSet, tmp_path: Path
) -> None:
    stopped = train(
        prepared.root, tmp_path / "run", SETTINGS, observer=Recorder(stop_after_epoch=2)
    )
    assert stopped.interrupted
    assert stopped.epochs == 2
    assert read_bundle(stopped.bundle).info.metrics["epoch"] == stopped.best_epoch
    observer = Recorder()
    resumed = resume(str(tmp_path / "run"), observer=observer)
    assert not resumed.interrupted
    assert observer.epochs == [3, 4]
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch
    image = prepared.images.records[0].path
    first, second = (pneumoscope.load(result.bundle).predict(image) for result in (resumed, whole))
    assert first.probabilities == second.probabilities


def test_run_is_not_resumed_on_another_backend(prepared: PreparedSet, tmp_path: Path) -> None:
    run = tmp_path / "run"
    stopped = train(prepared.root, run, SETTINGS, observer=Recorder(stop_after_epoch=1))
    assert read_bundle(stopped.bundle).info.settings["backend"] == "tensorflow"
    settings = json.loads((run / "settings.json").read_text("utf-8"))
    assert settings["backend"] == "tensorflow"
    (run / "settings.json").write_text(json.dumps({**settings, "backend": "jax"}), "utf-8")
    with pytest.raises(SettingsError, match="Set KERAS_BACKEND to jax") as caught:
        resume(run)
    assert caught.value.code == "backend-differs"
    assert caught.value.values == {"expected": "jax", "received": "tensorflow"}


def test_ctrl_c_before_the_first_epoch_keeps_nothing(prepared: PreparedSet, tmp_path: Path) -> None:
    with pytest.raises(PneumoscopeError, match=r"nothing to keep.*`pneumoscope\.resume\("):
        train(prepared.root, tmp_path / "run", SETTINGS, observer=Recorder(stop_at_batch=True))
    assert not (tmp_path / "run" / "bundle").exists()


def test_killed_run_resumes_to_the_same_history(
    whole: TrainingResult, phantoms: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "pneumoscope", "train", str(phantoms), "-o", str(run)]
    process = subprocess.Popen([*command, *OPTIONS], stderr=subprocess.DEVNULL)
    progress = run / "checkpoint" / "progress.json"
    deadline = time.monotonic() + 120
    while not progress.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    resumed = resume(run)
    assert (run / "history.csv").read_text() == (whole.run / "history.csv").read_text()
    assert resumed.history == whole.history


def test_full_disk_stops_the_run_in_one_line(
    prepared: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(StorageError, match=r"epoch-0001\.npz: the disk is full"):
        train(prepared.root, tmp_path / "run", SETTINGS)
    assert list((tmp_path / "run" / "checkpoint").iterdir()) == []


@pytest.mark.parametrize("content", [None, b"", b"PK broken"])
def test_broken_checkpoint_is_refused(
    content: bytes | None, prepared: PreparedSet, tmp_path: Path
) -> None:
    train(prepared.root, tmp_path / "run", SETTINGS, observer=Recorder(stop_after_epoch=1))
    (state,) = (tmp_path / "run" / "checkpoint").glob("*.npz")
    state.unlink() if content is None else state.write_bytes(content)
    with pytest.raises(DataError, match=r"epoch-0001\.npz cannot be read.*Start a new run"):
        resume(tmp_path / "run")


def test_early_stopping_counts_on_after_resuming(prepared: PreparedSet, tmp_path: Path) -> None:
    # With this learning rate nothing gets better after a while.
    settings = replace(SETTINGS, epochs=40, patience=2, learning_rate=0.02)
    whole = train(prepared.root, tmp_path / "whole", settings)
    assert whole.epochs == whole.best_epoch + 2 < 40
    cut = train(
        prepared.root,
        tmp_path / "cut",
        settings,
        observer=Recorder(stop_after_epoch=whole.epochs - 1),
    )
    assert cut.epochs == whole.epochs - 1
    assert resume(tmp_path / "cut").history == whole.history


def test_killed_after_its_last_epoch_only_the_bundle_is_made(
    whole: TrainingResult, prepared: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pneumoscope.training import fit

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(fit, "write_bundle", die)
        with pytest.raises(SystemExit):
            train(prepared.root, tmp_path / "run", SETTINGS)
    observer = Recorder()
    assert resume(tmp_path / "run", observer=observer).history == whole.history
    assert observer.epochs == []


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_run_that_has_ended_is_left_as_it_is(whole: TrainingResult) -> None:
    before, observer = content(whole.run), Recorder()
    assert resume(whole.run, observer=observer) == whole
    assert content(whole.run) == before
    assert observer.notes == [f"Finished already: {whole.bundle}"]


def test_two_processes_do_not_resume_one_run(whole: TrainingResult) -> None:
    with claimed(whole.run), pytest.raises(SettingsError, match="being written by process"):
        resume(whole.run)


STAGES = [
    "pneumoscope.training.fit.ensure_prepared",  # before anything
    "pneumoscope.training.fit._fit",  # before the first epoch
    "pneumoscope.training.checkpoint.np.savez",  # an epoch's state
    "pneumoscope.training.checkpoint.Checkpoint._state",  # between state and history
    "pneumoscope.training.deliver.export_onnx",
    "pneumoscope.bundle.write._put_in_place",
    "pneumoscope.training.checkpoint.shutil.rmtree",  # the checkpoint of a whole run
]
KILLED = """
import os, sys
from pathlib import Path
from pneumoscope.training import train
import pneumoscope.training.fit, pneumoscope.bundle.write
from tests.training.test_fit import SETTINGS
from pkgutil import resolve_name
stage, data, run = sys.argv[1:]
owner, name = stage.rsplit(".", 1)
setattr(resolve_name(owner), name, lambda *_, **__: os._exit(9))
train(Path(data), Path(run), SETTINGS)
"""


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_any_stage_it_resumes_to_the_same_history(
    stage: str, whole: TrainingResult, prepared: PreparedSet, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-c", KILLED, stage, str(prepared.root), str(run)]
    assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 9
    resumed = resume(run)
    assert resumed.history == whole.history
    assert read_bundle(resumed.bundle).info.metrics["epoch"] == whole.best_epoch
    assert {path.name for path in run.iterdir()} == {path.name for path in whole.run.iterdir()}


@pytest.mark.parametrize("loss", [0.5, math.nan, math.inf])
def test_an_epoch_that_diverged_is_not_kept(loss: float) -> None:
    observer, checkpoint = MagicMock(), MagicMock(best_epoch=0)
    reporter = fit._Reporter(observer, checkpoint, SETTINGS, images=8)
    reporter.on_epoch_end(0, {"loss": loss, "val_loss": loss})
    observer.epoch_ended.assert_called_once_with(1, ANY, loss == 0.5)


def test_recipe_of_the_shipped_network_resumes_alike(prepared: PreparedSet, tmp_path: Path) -> None:
    settings = TrainingSettings(
        "residual", SEED, image_size=32, epochs=3, batch_size=8, precision=Precision.FLOAT32
    )
    whole = train(prepared.root, tmp_path / "whole", settings)
    train(prepared.root, tmp_path / "cut", settings, observer=Recorder(stop_after_epoch=1))
    resumed = resume(tmp_path / "cut")
    assert resumed.history == whole.history
    assert whole.best_epoch == 3
    image = prepared.images.records[0].path
    first, second = (pneumoscope.load(result.bundle).predict(image) for result in (resumed, whole))
    assert first.probabilities == second.probabilities


def test_averaged_weights_are_what_is_validated_and_kept(
    prepared: PreparedSet, tmp_path: Path
) -> None:
    from pneumoscope.training.backend import keras
    from pneumoscope.training.load import load_images

    settings = replace(SETTINGS, epochs=2, averaging=0.9, patience=0)
    plain = train(prepared.root, tmp_path / "plain", replace(settings, averaging=0.0))
    averaged = train(prepared.root, tmp_path / "averaged", settings)
    # Keras swaps weights and average by adding and subtracting, which rounds.
    assert averaged.history["loss"] == pytest.approx(plain.history["loss"], rel=1e-6)
    assert averaged.history["val_loss"] != plain.history["val_loss"]
    network = keras.models.load_model(averaged.bundle / "model.keras")
    network.compile(loss="sparse_categorical_crossentropy")
    images = load_images(prepared, Split.VAL)
    stream = images.once(8)
    loss = network.evaluate(stream.batches, verbose=0)
    assert loss == pytest.approx(averaged.history["val_loss"][-1], abs=1e-5)


def test_auto_precision_is_resolved_once(
    prepared: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pneumoscope.training import precision

    monkeypatch.setattr(precision, "resolve", lambda *_: Precision.MIXED_BFLOAT16)
    settings = replace(SETTINGS, epochs=2, precision=Precision.AUTO)
    train(prepared.root, tmp_path / "run", settings, observer=Recorder(stop_after_epoch=1))
    monkeypatch.setattr(precision, "resolve", lambda *_: Precision.FLOAT32)
    observer = Recorder()
    resume(tmp_path / "run", observer=observer)
    assert "Training in mixed_bfloat16, with Keras on tensorflow, on cpu:0" in observer.notes
    saved = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert saved["given"]["precision"] == "auto"
    assert saved["resolved"]["precision"] == "mixed_bfloat16"


def test_changed_data_is_not_resumed(phantoms: Path, tmp_path: Path) -> None:
    import shutil

    data = shutil.copytree(phantoms, tmp_path / "data")
    train(
        data, tmp_path / "run", replace(SETTINGS, epochs=3), observer=Recorder(stop_after_epoch=1)
    )
    next((data / "NORMAL").iterdir()).unlink()
    with pytest.raises(DataError, match="have changed"):
        resume(tmp_path / "run")


def test_unknown_architecture_makes_no_folder(phantoms: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such architecture"):
        train(phantoms, tmp_path / "run", replace(SETTINGS, arch="none"))
    assert not (tmp_path / "run").exists()


def test_keras_is_quiet(tmp_path: Path) -> None:
    script = "from pneumoscope.training.backend import keras"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=os.environ, check=True
    )
    assert done.stdout == done.stderr == ""


def test_source_that_is_left_out_is_unseen(
    phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = sorted(path.relative_to(phantoms) for path in phantoms.rglob("*.png"))
    source_of = {path: "ab"[int(path.stem.split("-")[1]) % 2] for path in images}  # by patient
    manifest = tmp_path / "images.csv"
    with manifest.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("path", "label", "source"))
        lines.writerows((path, path.parts[0], source_of[path]) for path in images)
    settings = replace(
        SETTINGS, epochs=1, root=str(phantoms), leave_out=("b",), balance=Balance.SOURCES
    )
    result = train(manifest, tmp_path / "run", settings)
    info = read_bundle(result.bundle).info
    sources = info.training_data["sources"]
    assert list(sources) == ["a", "b"]
    for split in ("train", "val"):
        assert sources["a"][split] == info.training_data["images"][split]
        assert not any(sources["b"][split].values())
    card = (result.bundle / "MODEL_CARD.md").read_text()
    assert "| a | train |" in card
    assert "Left out of training and validation: b." in card
    assert "--balance sources" in info.command
    assert "--leave-out b" in info.command
    found = pneumoscope.evaluate(result.bundle, manifest, root=phantoms, resamples=100)
    assert found.subgroups["source=b"].images == [*source_of.values()].count("b")


def test_each_hospital_is_calibrated_by_itself(tmp_path: Path) -> None:
    rng, rows = np.random.default_rng(0), [("path", "label", "source")]
    for number in range(200):
        label, source = ("NORMAL", "PNEUMONIA")[number % 2], ("dark", "light")[number // 2 % 2]
        image = rng.normal(60 if source == "dark" else 170, 20, (32, 32))
        image[: 16 if label == "NORMAL" else 32] += 40
        (tmp_path / f"{number}.png").write_bytes(encoded(image.clip(0, 255).astype(np.uint8)))
        rows.append((f"{number}.png", label, source))
    with (tmp_path / "images.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    settings = replace(SETTINGS, validation_share=0.3, test_share=0.1)
    recorder = Recorder()
    bundle = read_bundle(
        train(tmp_path / "images.csv", tmp_path / "run", settings, observer=recorder).bundle
    )
    calibration, gate = bundle.info.calibration, bundle.info.gate
    assert calibration is not None
    assert gate is not None
    assert [each.sources for each in calibration.by_source] == [("dark",), ("light",)]
    assert calibration.prevalence == 0.5
    assert any(
        note.startswith("For images nearest to dark calibrated on ") for note in recorder.notes
    )

    images = np.stack(
        [load_pixels(read_bytes(tmp_path / row[0]), Geometry(32, 32)) for row in rows[1:]]
    )
    plain = architectures.find("baseline")(Geometry(32, 32), 2)
    plain.load_weights(bundle.root / "model.keras")
    before = plain.predict(images[..., np.newaxis], verbose=0).astype(np.float64)
    features, given = open_session(bundle.network, 1).run(
        [FEATURES, PROBABILITIES], {IMAGE: images[..., np.newaxis]}
    )
    group = bundle.distances()[FEATURES].measure_groups(features).argmin(axis=1)
    source_of = {name: each for each in calibration.by_source for name in each.sources}
    for image, row in enumerate(group):
        own = source_of[gate.sources[row]]
        fitted = np.log(before[image]) / own.temperature + np.array(own.biases)
        np.testing.assert_allclose(given[image], softmax(fitted), atol=1e-4)
