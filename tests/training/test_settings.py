"""Settings are refused at once, and can be given again as a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumoscope.errors import DataError, SettingsError
from pneumoscope.training.recipes import epochs_for
from pneumoscope.training.run import new_run, read_run
from pneumoscope.training.settings import Observer, Precision, TrainingSettings

WRONG = {
    "epochs": -1,
    "patience": -1,
    "batch_size": -1,
    "learning_rate": 0.0,
    "weight_decay": -0.1,
    "averaging": 1.0,
    "label_smoothing": 1.0,
    "precision": "float16",
    "image_size": 16,
    "seed": -1,
    "validation_share": 0.0,
}


@pytest.mark.parametrize("name", WRONG)
def test_out_of_range(name: str) -> None:
    with pytest.raises(SettingsError):
        TrainingSettings(**{name: WRONG[name]})


def test_command_names_what_differs() -> None:
    settings = TrainingSettings(
        "baseline", epochs=5, augmentation=True, precision=Precision.FLOAT32
    )
    assert settings.command(Path("/home/me/my data")) == (
        "pneumoscope train 'my data' --arch baseline --seed 1 --precision float32 --epochs 5 "
        "--augmentation"
    )
    assert TrainingSettings(augmentation=False, test_share=0.0).command(Path("data")) == (
        "pneumoscope train data --arch residual --seed 1 --test-share 0.0 --no-augmentation"
    )


def test_each_network_has_its_recipe() -> None:
    published, ours = TrainingSettings("baseline"), TrainingSettings()
    assert (published.image_size, published.patience, published.averaging) == (224, 3, 0.0)
    assert not published.augmentation
    assert ours.arch == "residual"
    assert ours.patience == 0
    assert ours.augmentation
    assert TrainingSettings(epochs=2).epochs == 2


def test_precision_by_name() -> None:
    assert Precision.of("mixed_bfloat16") is Precision.MIXED_BFLOAT16
    with pytest.raises(SettingsError, match="float16"):
        Precision.of("float16")


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


@pytest.mark.parametrize("text", [None, "", "{}", '{"given": {"colour": 1}}'])
def test_no_run_folder(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "settings.json").write_text(text)
    with pytest.raises(DataError, match="no run that can be resumed"):
        read_run(tmp_path)


def test_observer_ignores_everything() -> None:
    observer = Observer()
    observer.note("text")
    observer.prepared(1, 2)
    observer.trained(1, 2, 3, 4)
    observer.epoch_ended(1, {}, True)


@pytest.mark.parametrize(
    ("steps", "epochs"), [(1, 1600), (3, 534), (4, 400), (20, 80), (21, 80), (114, 80)]
)
def test_few_images_are_shown_more_often(steps: int, epochs: int) -> None:
    assert epochs_for(steps) == epochs
    assert TrainingSettings().epochs == 0
    assert TrainingSettings("baseline").epochs == 20
