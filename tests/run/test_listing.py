"""Runs are listed with their figures and state; a damaged one is a row, not the end."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from pneumoscope.claims import claimed
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.evaluation import evaluate
from pneumoscope.run import State, TrainingSettings, list_runs, new_run
from tests.cli.conftest import run as run  # the fixture
from tests.reporting.conftest import write_run


@pytest.fixture
def here(tmp_path: Path, phantoms: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a run of each state."""
    monkeypatch.chdir(tmp_path)
    write_run(Path("runs", "done"), phantoms)
    better = {"epoch": 2, "val_loss": 0.2, "val_accuracy": 0.9}
    write_run(Path("runs", "stopped"), phantoms, metrics=better, seed=7)
    Path("runs", "stopped", "checkpoint").mkdir()
    with new_run(phantoms, Path("runs", "begun"), TrainingSettings(arch="baseline", seed=4)):
        pass
    write_run(Path("runs", "broken"), phantoms)
    Path("runs", "broken", "settings.json").write_text("{")
    write_run(Path("runs", "folds", "fold-1"), phantoms)
    Path("runs", "notes").mkdir()
    return tmp_path


def test_each_run_has_its_state_and_its_figures(here: Path) -> None:
    found = {each.name: each for each in list_runs()}
    states = {name: each.state for name, each in found.items()}
    assert states == {
        "begun": State.UNFINISHED,
        "broken": State.DAMAGED,
        "done": State.FINISHED,
        "folds/fold-1": State.FINISHED,
        "stopped": State.INTERRUPTED,
    }
    done, begun = found["done"], found["begun"]
    assert (done.val_loss, done.val_accuracy, done.epochs, done.wanted_epochs) == (0.5, 0.75, 3, 3)
    assert (begun.arch, begun.image_size, begun.seed, begun.epochs) == ("baseline", 224, 4, 0)
    assert "settings.json" in found["broken"].problem.text
    assert [each.name for each in list_runs("runs/folds")] == ["fold-1"]
    assert [each.name for each in list_runs("runs/done")] == ["done"]


def test_a_run_that_is_written_is_running(here: Path) -> None:
    with claimed(Path("runs", "done")), claimed(Path("runs", "new")):
        states = {each.name: each.state for each in list_runs()}
    assert states["done"] is states["new"] is State.RUNNING
    assert list_runs()[2].state is State.FINISHED  # done


def test_an_evaluation_is_that_of_this_very_model(here: Path, phantoms: Path) -> None:
    for name in ("done", "stopped"):
        evaluate(Path("runs", name), phantoms, Path("evaluation", name), resamples=100)
    done, stopped = ({each.name: each for each in list_runs()}[n] for n in ("done", "stopped"))
    (evaluated,) = done.evaluations
    told = json.loads(Path("evaluation", "done", "metrics.json").read_text())
    assert evaluated.auroc.value == told["overall"]["estimates"]["auroc"]["value"] == done.auroc
    assert stopped.evaluations[0].file == Path("evaluation", "stopped", "metrics.json")
    shutil.rmtree(Path("runs", "done"))
    write_run(Path("runs", "done"), phantoms, seed=9)  # trained again
    assert not {each.name: each for each in list_runs()}["done"].evaluations
    evaluate(Path("runs", "done"), phantoms, Path("runs", "done", "tested"), resamples=100)
    assert {each.name: each for each in list_runs()}["done"].evaluations


def test_the_best_figure_comes_first_and_what_is_not_known_last(here: Path) -> None:
    by_loss, by_accuracy = (list_runs(sort=name) for name in ("val-loss", "val-accuracy"))
    assert by_loss[0].name == by_accuracy[0].name == "stopped"
    assert {each.name for each in by_loss[-2:]} == {"begun", "broken"}
    with pytest.raises(SettingsError, match="val-loss"):
        list_runs(sort="beauty")
    with pytest.raises(DataError, match="no folder elsewhere"):
        list_runs("elsewhere")


def test_the_command_fits_a_narrow_terminal(here: Path, run, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("COLUMNS", "200")
    code, out, err = run("runs")
    assert code == 1  # a run cannot be read
    assert "Cannot read" in err
    assert max(map(len, out.splitlines())) <= 80
    for word in ("folds/fold-1", "interrupted", "damaged", "baseline", "0.750"):
        assert word in out
    rows = list(csv.DictReader(io.StringIO(run("runs", "--csv")[1])))
    listed = json.loads(run("runs", "--json", "--sort", "seed")[1])
    assert {row["name"] for row in rows} == {each["name"] for each in listed}
    assert [each["seed"] for each in listed][-1] is None  # damaged
    assert run("runs", "--csv", "--json")[0] == 2
    assert run("runs", "notes")[0] == 2
    code, out, err = run("runs", "runs/notes")
    assert (code, out) == (0, "")
    assert "no run in" in err


def test_many_runs_are_listed_without_reading_their_models(here: Path) -> None:
    before = list_runs("runs/done")
    for file in Path("runs", "done", "bundle").iterdir():
        if file.name != "bundle.json":
            file.unlink()
    assert list_runs("runs/done") == before
