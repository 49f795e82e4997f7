"""A run folder is claimed, explains itself, and is read back, whichever version wrote it."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from pneumoscope.errors import DataError, SettingsError
from pneumoscope.run import Precision, TrainingSettings, new_run, read_history, read_run


def test_run_folder_round_trip(tmp_path: Path) -> None:
    with new_run(tmp_path, tmp_path / "run", TrainingSettings(seed=4)) as run:
        assert read_run(tmp_path / "run") == run
    assert read_run(tmp_path / "run") == run
    assert "python" in (tmp_path / "run" / "environment.json").read_text()


def test_only_the_run_folder_says_where_images_are(tmp_path: Path) -> None:
    settings = TrainingSettings(root=tmp_path / "archive")
    with new_run(tmp_path / "list.csv", tmp_path / "run", settings):
        run = read_run(tmp_path / "run")
    assert run.given.scanning.root == tmp_path / "archive"
    assert run.resolved.root == "archive"
    assert run.given.command(run.data).endswith("--root archive")


def test_run_folder_must_be_new(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    with (
        pytest.raises(SettingsError, match="resume"),
        new_run(tmp_path, tmp_path, TrainingSettings()),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["something"]


def test_run_folder_is_for_one_at_a_time(tmp_path: Path) -> None:
    with (
        new_run(tmp_path, tmp_path / "run", TrainingSettings()),
        pytest.raises(SettingsError, match="being written by process"),
        new_run(tmp_path, tmp_path / "run", TrainingSettings(seed=2)),
    ):
        pass
    assert read_run(tmp_path / "run").given.seed == 1


def test_nothing_is_left_of_a_run_whose_data_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(DataError), new_run(tmp_path, tmp_path / "run", TrainingSettings()):
        raise DataError("no images")
    assert not (tmp_path / "run").exists()


def test_what_a_killed_claim_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".claimed").write_text('{"host": "a", "process": 1, "since": "2020"}')
    (tmp_path / ".0123456789abcdef.part").touch()
    with new_run(tmp_path, tmp_path, TrainingSettings()) as run:
        assert run.root == tmp_path


def test_default_run_folders_are_named_after_the_network_and_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        new_run(tmp_path, None, TrainingSettings()) as first,
        new_run(tmp_path, None, TrainingSettings()) as second,
    ):
        assert first.root.name.startswith("residual-")
        assert first.root != second.root


def test_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is no run\. Expected settings\.json in it"):
        read_run(tmp_path)


NO_SETTINGS = ("", "{}", "[1]", '{"data"', '{"data": "a", "resolved": {}, "given": {"colour": 1}}')


@pytest.mark.parametrize("text", NO_SETTINGS)
def test_settings_that_cannot_be_used(text: str, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(DataError, match=r"Cannot read .*settings\.json"):
        read_run(tmp_path)


# What the first version wrote: neither a recipe's other parts, nor weights, nor positive classes.
FIRST = {
    "arch": "baseline",
    "seed": 3,
    "validation_share": 0.15,
    "test_share": 0.15,
    "precision": "auto",
    "image_size": 64,
    "epochs": 30,
    "patience": 2,
    "batch_size": 8,
    "learning_rate": 0.01,
    "class_weights": True,
    "augmentation": True,
}


def test_a_run_of_the_first_version_is_read(tmp_path: Path) -> None:
    content = {
        "data": "/data/chest_xray",
        "fingerprint": "abc",
        "given": FIRST,
        "resolved": {**FIRST, "precision": "float32"},
    }
    (tmp_path / "settings.json").write_text(json.dumps(content))
    (tmp_path / "history.csv").write_text(
        "epoch,accuracy,loss,val_accuracy,val_loss\n1,0.5,0.7,0.5,0.69\n2,0.6,0.6,0.55,0.6\n"
    )
    run = read_run(tmp_path)
    assert (run.data, run.fingerprint) == (Path("/data/chest_xray"), "abc")
    assert (run.precision, run.weights, run.epochs) == (Precision.FLOAT32, "none", 30)
    assert run.given.command(run.data).endswith("--balance classes --augmentation")
    assert not run.recipe.cosine
    assert read_history(tmp_path)["val_loss"] == [0.69, 0.6]


def test_what_is_written_is_complete_and_in_order(tmp_path: Path) -> None:
    with new_run(tmp_path, tmp_path / "run", TrainingSettings("baseline", epochs=5)):
        content = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert list(content) == ["data", "fingerprint", "backend", "given", "resolved"]
    names = [field.name for field in fields(TrainingSettings)]
    assert list(content["given"]) == list(content["resolved"]) == names
    assert [name for name, value in content["given"].items() if value is None] == ["limit"]
    assert (content["given"]["epochs"], content["given"]["patience"]) == (5, 3)
