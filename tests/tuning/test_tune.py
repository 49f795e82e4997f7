"""A search for settings: judged on validation, killed and resumed, and told without its luck."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pneumoscope
from pneumoscope.dataset import PhantomSettings, make_phantoms, read_prepared
from pneumoscope.errors import DataError, InterruptedRunError, SettingsError
from pneumoscope.recipes import RECIPES
from pneumoscope.run import Observer, Precision, TrainingSettings, read_run
from pneumoscope.types import Split
from tests.conftest import count_readings

pytestmark = pytest.mark.keras
pytest.importorskip("optuna")

SETTINGS = TrainingSettings(
    "baseline", image_size=32, epochs=2, precision=Precision.FLOAT32, seed=4
)


class Killed(Exception):
    """Stands for the end of a process that nothing can catch."""


class Killer(Observer):
    """Counts epochs, and ends the process or presses Ctrl-C after some."""

    def __init__(self, after: int = 10**6, by: type[BaseException] = Killed) -> None:
        self.epochs, self._after, self._by = 0, after, by
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
        self.epochs += 1
        if self.epochs == self._after:
            raise self._by


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "phantoms"
    make_phantoms(root, PhantomSettings(patients=24, seed=3, width=(96, 128)))
    return pneumoscope.prepare(
        root, root.parent / "prepared", geometry=pneumoscope.Geometry(32, 32)
    ).root


def test_a_search_that_is_killed_goes_on_and_trains_nothing_twice(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "tuned"
    with pytest.raises(Killed):
        pneumoscope.tune(data, root, SETTINGS, trials=2, observer=Killer(3))
    with (root / "journal.log").open("ab") as file:
        file.write(b'{"op_code": 4, "wor')  # a line without an end
    (root / "journal.log.lock").symlink_to(root / "journal.log")

    read, _ = count_readings(monkeypatch)
    held_out = {str(record.path) for record in read_prepared(data).images.published(Split.TEST)}
    second, last = Killer(), Killer()
    with monkeypatch.context() as patch:
        patch.setattr("pneumoscope.tuning.run.train_several", interrupt)
        with pytest.raises(InterruptedRunError, match="go on"):
            pneumoscope.tune(data, root, SETTINGS, trials=2, observer=second)
    assert second.epochs == 1  # the last one of the second trial
    assert held_out
    assert not held_out & set(read)

    tuning = pneumoscope.tune(data, root, SETTINGS, trials=2, observer=last)
    assert last.epochs == 3 * 2
    assert held_out <= set(read)
    assert [trial.number for trial in tuning.trials] == [1, 2]
    assert tuning.trials[0].values["learning_rate"] == RECIPES["baseline"].learning_rate
    assert read_run(tuning.trials[1].run).given.learning_rate == pytest.approx(
        tuning.trials[1].values["learning_rate"]
    )
    assert tuning.best.value == min(trial.value or np.inf for trial in tuning.trials)
    seeds = {read_run(run.run).given.seed for run in tuning.several.runs}
    assert seeds == {5, 6, 7}
    assert tuning.again.mean == pytest.approx(np.mean([v for v in tuning.again.values if v]))
    assert json.loads((root / "tune.json").read_text()) == json.loads(json.dumps(tuning.to_dict()))
    assert (root / "history.png").is_file()
    assert "luck" in (root / "tune.md").read_text()


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_folder_of_another_search_is_refused(data: Path, tmp_path: Path) -> None:
    root = tmp_path / "tuned"
    with pytest.raises(InterruptedRunError):
        pneumoscope.tune(data, root, SETTINGS, observer=Killer(1, KeyboardInterrupt))
    with pytest.raises(SettingsError, match="its seed is 4"):
        pneumoscope.tune(data, root, replace(SETTINGS, seed=9))
    with pytest.raises(SettingsError, match="its data are"):
        pneumoscope.tune(tmp_path, root, SETTINGS)
    (root / "journal.log").write_text("{}\nnonsense\n{}\n")
    with pytest.raises(DataError, match=r"Cannot read .*journal\.log"):
        pneumoscope.tune(data, root, SETTINGS)


def test_a_folder_that_holds_something_else_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SettingsError, match=r"no study\.json") as caught:
        pneumoscope.tune(data, tmp_path, SETTINGS)
    assert caught.value.code == "output-occupied"


@pytest.mark.parametrize("changes", [{"arch": "resnet1"}, {"preset": "best"}])
def test_settings_that_no_trial_can_have_are_refused(
    changes: dict[str, str], data: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError):
        pneumoscope.tune(data, tmp_path / "tuned", TrainingSettings(**changes))  # type: ignore[arg-type]
    assert not (tmp_path / "tuned").exists()


def test_no_trial_is_no_search(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="trials"):
        pneumoscope.tune(data, tmp_path / "tuned", trials=0)


def test_trials_that_are_judged_by_a_source_are_not_trained_on_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phantoms, root = data.parent / "phantoms", tmp_path / "tuned"
    images = sorted(path.relative_to(phantoms) for path in phantoms.rglob("*.png"))
    manifest = tmp_path / "images.csv"
    with manifest.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("path", "label", "source"))
        for path in images:
            number = int(path.stem.split("-")[1])
            lines.writerow((path, path.parts[0], ("east", "west")[number % 2]))
    settings = replace(SETTINGS, root=str(phantoms), epochs=1)
    with pytest.raises(SettingsError, match="no such source"):
        pneumoscope.tune(manifest, root, settings, left_out="wst")
    assert not root.exists()

    read, _ = count_readings(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr("pneumoscope.tuning.run.train_several", interrupt)
        with pytest.raises(InterruptedRunError):
            pneumoscope.tune(manifest, root, settings, trials=2, left_out="west")
    prepared = read_prepared(read_run(root / "trial-001").data)
    held_out = {str(record.path) for record in prepared.images.published(Split.TEST)}
    assert held_out
    assert not held_out & set(read)
    with pytest.raises(SettingsError, match="it leaves west out"):
        pneumoscope.tune(manifest, root, settings, trials=2)

    tuning = pneumoscope.tune(manifest, root, settings, trials=2, left_out="west")
    again = sorted(root.glob("again-*"))
    values = [trial.value for trial in tuning.trials if trial.value is not None]
    assert all(0 <= value <= 1 for value in (*values, tuning.again.mean))
    assert tuning.best.value == max(values)
    assert [read_run(run).given.seed for run in again] == [5, 6, 7]
    for run in (*again, *(trial.run for trial in tuning.trials)):
        assert read_run(run).given.leave_out == ("west",)
    for run in tuning.several.runs:
        assert read_run(run.run).given.leave_out == ()
    assert json.loads((root / "tune.json").read_text())["left_out"] == "west"
    assert "AUROC on west" in (root / "tune.md").read_text()
