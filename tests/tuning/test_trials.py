"""Trials of a search that end otherwise: pruned, diverged, killed, or on a full disk."""

from __future__ import annotations

import errno
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import pneumoscope
from pneumoscope.errors import DivergedError, StorageError
from pneumoscope.repeats import Spread
from pneumoscope.run import Observer, TrainingSettings

pytestmark = pytest.mark.keras
pytest.importorskip("optuna")

EPOCHS = 6


class Killed(BaseException):
    """Stands for the end of a process that nothing can catch."""


class Fake:
    """Stands for all trainings of a search: it keeps epochs in the run folder, and no network.

    Attributes:
        accuracy: validation accuracy of each epoch, by the name of the run.
        loss: validation loss of a run that was trained to its end, by its name.
        before: called before each epoch.
        epochs: number of times that each epoch of each run was trained.
        notes: what the user was told.
    """

    def __init__(self) -> None:
        self.accuracy: Callable[[str], float] = lambda name: 0.5
        self.loss: Callable[[str], float] = lambda name: 0.5
        self.before: Callable[[str, int], None] = lambda name, epoch: None
        self.epochs = Counter[tuple[str, int]]()
        self.notes: list[str] = []

    def train(self, data: Path, folder: Path, settings: Any, *, observer: Observer) -> Any:
        folder.mkdir()
        (folder / "settings.json").write_text("{}")
        return self.resume(folder, observer=observer)

    def resume(self, folder: Path, *, observer: Observer) -> Any:
        name, history = folder.name, folder / "epochs"
        done = int(history.read_text()) if history.is_file() else 0
        for epoch in range(done + 1, EPOCHS + 1):
            self.before(name, epoch)
            self.epochs[name, epoch] += 1
            history.write_text(f"{epoch}")
            observer.trained(epoch, EPOCHS, 1, 1)
            observer.epoch_ended(epoch, {"val_accuracy": self.accuracy(name)}, True)
        if np.isnan(self.loss(name)):
            raise DivergedError("The training has diverged")
        return SimpleNamespace(bundle=folder, interrupted=False)

    def search(self, root: Path, trials: int) -> Any:
        observer = Observer()
        observer.note = self.notes.append  # type: ignore[method-assign]
        return pneumoscope.tune("data", root, TrainingSettings(), trials=trials, observer=observer)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    several = SimpleNamespace(runs=(), interrupted=False, evaluations=(), to_dict=dict)
    prepared = SimpleNamespace(root=Path("data"))
    for name, stand_in in {
        "trials.train": fake.train,
        "trials.resume": fake.resume,
        "objective.validation_loss": lambda bundle, _: fake.loss(bundle.name),
        "run.train_several": lambda *_, **__: several,
        "run.ensure_prepared": lambda *_, **__: prepared,
        "run.tabulate_tuning": lambda _: (),
        "run.Spread": SimpleNamespace(of=lambda _: Spread.of([0.5, 0.5])),
    }.items():
        monkeypatch.setattr(f"pneumoscope.tuning.{name}", stand_in)
    return fake


def test_trial_worse_than_the_others_is_ended_early(fake: Fake, tmp_path: Path) -> None:
    fake.accuracy = lambda name: 0.1 if name == "trial-007" else 0.9
    found = fake.search(tmp_path / "tuned", 8)
    assert [trial.state for trial in found.trials] == [
        *["complete"] * 6,
        "pruned",
        "complete",
    ]
    assert found.trials[6].value is None
    assert max(epoch for name, epoch in fake.epochs if name == "trial-007") == EPOCHS // 3 + 1
    assert any(note.startswith("Trial 7 of 8: ended early at epoch 3") for note in fake.notes)


def test_trial_that_diverges_is_passed_over(fake: Fake, tmp_path: Path) -> None:
    losses = {"trial-001": np.nan, "trial-002": 0.4, "trial-003": 0.3}
    fake.loss = losses.__getitem__
    found = fake.search(tmp_path / "tuned", 3)
    assert [trial.state for trial in found.trials] == ["fail", "complete", "complete"]
    assert found.best.number == 3
    assert found.trials[0].value is None
    assert any(note.startswith("Trial 1 of 3: diverged") for note in fake.notes)


def test_search_of_which_all_trials_diverge_has_no_winner(fake: Fake, tmp_path: Path) -> None:
    fake.loss = lambda name: np.nan
    with pytest.raises(DivergedError, match=r"No trial .* lower `learning_rate`"):
        fake.search(tmp_path / "tuned", 2)


@pytest.mark.parametrize("place", ["epoch", "journal"])
def test_search_goes_on_after_a_full_disk(
    place: str, fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def write(name: str, epoch: int) -> None:
        if (name, epoch) != ("trial-002", 3):
            return
        if place == "epoch":
            raise StorageError("Cannot write epoch-0003.npz: the disk is full")
        patch.setattr("os.fsync", full)

    fake.before = write
    root = tmp_path / "tuned"
    with monkeypatch.context() as patch, pytest.raises(StorageError, match="the disk is full"):
        fake.search(root, 3)
    fake.before = lambda name, epoch: None
    found = fake.search(root, 3)
    assert [trial.state for trial in found.trials] == ["complete"] * 3
    assert len(fake.epochs) == 3 * EPOCHS
    assert set(fake.epochs.values()) == {1}


@pytest.mark.parametrize("epoch", range(1, EPOCHS + 1))
def test_trial_that_is_killed_goes_on_and_is_not_doubled(
    epoch: int, fake: Fake, tmp_path: Path
) -> None:
    def kill(*moment: object) -> None:
        if moment == ("trial-002", epoch):
            raise Killed

    whole, root = fake.search(tmp_path / "whole", 4), tmp_path / "tuned"
    fake.epochs.clear()
    fake.before = kill
    with pytest.raises(Killed):
        fake.search(root, 4)
    fake.before = lambda name, epoch: None
    found = fake.search(root, 4)
    assert [trial.values for trial in found.trials] == [trial.values for trial in whole.trials]
    assert len([*root.glob("trial-*")]) == 4
    assert len(fake.epochs) == 4 * EPOCHS
    assert set(fake.epochs.values()) == {1}
    assert json.loads((root / "tune.json").read_text())["best"] == found.best.number
