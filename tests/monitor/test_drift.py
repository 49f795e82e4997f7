"""`pneumoscope drift` on counters, on images, and on saved predictions."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

import pneumoscope
from pneumoscope.errors import DataError
from pneumoscope.monitor import Monitor
from pneumoscope.monitor.basis import Basis
from tests.cli.conftest import Run
from tests.conftest import encoded, picture, write_bundle
from tests.monitor.conftest import films, save
from tests.reporting.conftest import CALIBRATION


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    return save(films(60, seed=11), tmp_path / "usual")


@pytest.fixture
def brighter(tmp_path: Path) -> Path:
    return save(films(60, seed=12, brighter=30), tmp_path / "brighter")


def test_unlabelled_images_like_those_of_the_training(monitored: Path, usual: Path) -> None:
    found = pneumoscope.drift(monitored, usual)
    assert not found.alarm.on
    assert found.counts.images == 60
    assert found.sentence.startswith("No alarm: 60 images")


def test_brighter_images_give_an_alarm(monitored: Path, brighter: Path) -> None:
    found = pneumoscope.drift(monitored, brighter)
    assert found.alarm.on
    assert {"brightness", "score"} <= {*found.alarm.quantities}
    assert found.sentence.startswith("Alarm: 60 images differ")
    shift = found.drift.shifts["brightness"]
    assert shift is not None
    assert shift.reading == "large"


def test_counters_say_the_same_as_images(
    monitored: Path, basis: Basis, brighter: Path, tmp_path: Path
) -> None:
    predictor = pneumoscope.load(monitored)
    with Monitor(basis, tmp_path / "counters", today=lambda: date.today()) as monitor:
        for judged in predictor.judge_many(sorted(brighter.iterdir())):
            monitor.observe(judged, predictor.record(judged).prediction)
    stored = pneumoscope.drift(monitored, tmp_path / "counters")
    assert stored.counts == pneumoscope.drift(monitored, brighter).counts


def test_saved_predictions_tell_the_score_and_the_codes(
    monitored: Path, usual: Path, tmp_path: Path, run: Run
) -> None:
    (usual / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    code, out, _ = run("predict", monitored, usual, "--csv")
    assert code == 1
    (tmp_path / "predictions.csv").write_text(out)
    found = pneumoscope.drift(monitored, tmp_path / "predictions.csv")
    assert found.counts.errors == {"image-broken": 1}
    assert found.counts.binned("score").sum() == 60
    assert found.drift.shifts["brightness"] is None
    assert found.drift.shifts["score"] is not None


def test_saved_predictions_of_a_file_with_the_name_of_a_formula_are_read(
    monitored: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("=1+1.png").write_bytes(encoded(picture()))
    _, out, _ = run("predict", monitored, "=1+1.png", "--csv")
    assert out.splitlines()[1].startswith("'=1+1.png,")
    Path("predictions.csv").write_text(out)
    assert pneumoscope.drift(monitored, Path("predictions.csv")).counts.binned("score").sum() == 1


def test_a_table_of_something_else_is_refused(monitored: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("path,label\na.png,NORMAL\n")
    with pytest.raises(DataError, match="no column probability"):
        pneumoscope.drift(monitored, tmp_path / "other.csv")


def test_counters_of_another_model_are_refused(
    monitored: Path, bundle: Path, basis: Basis, tmp_path: Path
) -> None:
    Monitor(basis, tmp_path / "counters")
    with pytest.raises(DataError, match="holds no counts of brightness") as caught:
        pneumoscope.drift(bundle, tmp_path / "counters")
    assert caught.value.code == "counters-of-another-model"


def test_a_bundle_without_reference_says_so(bundle: Path, usual: Path) -> None:
    found = pneumoscope.drift(bundle, usual)
    assert not found.alarm.on
    assert found.sentence.startswith("Drift not computable: the bundle holds no summary")


def test_command_says_first_what_it_means(monitored: Path, brighter: Path, run: Run) -> None:
    code, out, _ = run("drift", monitored, brighter, "--days")
    assert code == 0
    assert out.startswith("Alarm: 60 images")
    assert "by chance" in out
    assert "distance" in out
    assert date.today().isoformat() in out
    assert max(map(len, out.splitlines())) <= 80


def test_command_names_what_cannot_be_read(
    monitored: Path, usual: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "notes.png").write_text("no image")
    code, out, err = run("drift", monitored, usual, tmp_path / "notes.png", tmp_path / "gone.png")
    assert code == 1
    assert "image-missing" in out
    assert "Drift not computable" not in out
    left_out = [line for line in err.splitlines() if line.startswith("Left out: ")]
    assert ["notes.png" in left_out[0], "gone.png" in left_out[1], len(left_out)] == [True, True, 2]
    code, out, _ = run("drift", monitored, tmp_path / "gone.png")
    assert code == 1
    assert out.startswith("No image could be read: there is nothing to compare.")


def test_command_as_json(monitored: Path, usual: Path, run: Run) -> None:
    code, out, _ = run("drift", monitored, usual, "--json", "--since", "2020-01-01")
    found = json.loads(out)
    assert code == 0
    assert found["alarm"]["on"] is False
    assert found["counts"]["images"] == 60
    assert found["model"]["name"] == "monitored"


def test_command_without_data(monitored: Path, run: Run) -> None:
    code, _, err = run("drift", monitored)
    assert code == 2
    assert "give counters, images or predictions" in err


def test_a_scored_folder_says_the_same_as_its_images(
    monitored: Path, brighter: Path, tmp_path: Path
) -> None:
    (brighter / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (brighter / "black.png").write_bytes(encoded(picture() // 16))
    pneumoscope.score(monitored, brighter, tmp_path / "scored", workers=1)
    found = pneumoscope.drift(monitored, tmp_path / "scored")
    assert found.counts == pneumoscope.drift(monitored, brighter).counts
    assert found.counts.errors == {"image-broken": 1}
    assert found.counts.reasons
    assert found.alarm.on


def test_probabilities_of_a_scored_folder_may_be_restated(brighter: Path, tmp_path: Path) -> None:
    model = write_bundle(tmp_path / "model", calibration=CALIBRATION)
    pneumoscope.score(model, brighter, tmp_path / "scored", prevalence=0.2, workers=1)
    found = pneumoscope.drift(model, tmp_path / "scored")
    assert found.counts == pneumoscope.drift(model, brighter).counts


def test_a_scored_folder_of_another_model(bundle: Path, brighter: Path, tmp_path: Path) -> None:
    pneumoscope.score(bundle, brighter, tmp_path / "scored", workers=1)
    other = write_bundle(tmp_path / "other", name="other")
    with pytest.raises(DataError, match="scored by another model"):
        pneumoscope.drift(other, tmp_path / "scored")
