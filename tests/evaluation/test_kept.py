"""Evaluation on a scored folder: the same figures as on its images, none of which is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import pneumoscope
from pneumoscope.bundle import Seen
from pneumoscope.dataset import scan
from pneumoscope.errors import ClassMismatchError, DataError, SettingsError
from pneumoscope.evaluation import Evaluation, evaluate
from pneumoscope.imaging import read_bytes
from pneumoscope.types import OperatingPoint, Split, Undecided
from tests.conftest import count_readings, encoded, picture, write_bundle
from tests.inference.test_predictor import SOME
from tests.reporting.conftest import CALIBRATION

POINTS = (
    OperatingPoint("balanced", 0.5, undecided=Undecided(0.45, 0.55, SOME, SOME)),
    OperatingPoint("screening", 0.3),
)


@pytest.fixture
def model(phantoms: Path, tmp_path: Path) -> Path:
    """A calibrated model with a gate and an undecided zone, made with some of the phantoms."""
    records = [
        replace(record, split=Split.TRAIN, sha256=read_bytes(record.path).sha256)
        for record in scan(phantoms).records[::9]
    ]
    return write_bundle(
        tmp_path / "model",
        seen=Seen.of("key", records),
        usual=112,
        operating_points=POINTS,
        calibration=CALIBRATION,
    )


@pytest.fixture
def archive(phantoms: Path, tmp_path: Path) -> Path:
    """The phantoms with a copy of one, a broken file, and one that is empty."""
    root = tmp_path / "archive"
    shutil.copytree(phantoms, root)
    first = sorted((root / "NORMAL").glob("*.png"))[1]
    shutil.copy(first, first.with_name("copy.png"))
    (root / "PNEUMONIA" / "broken.png").write_bytes(encoded(picture())[:60])
    (root / "PNEUMONIA" / "empty.png").write_bytes(b"")
    return root


def figures(found: Evaluation) -> dict[str, object]:
    """The result without where it comes from."""
    told = ("data", "made_of", "notices", "left_out")
    return {name: value for name, value in found.to_dict().items() if name not in told}


@pytest.mark.parametrize("point", ["balanced", "screening"])
@pytest.mark.parametrize("prevalence", [None, 0.2])
def test_figures_equal_those_of_the_images(
    model: Path, archive: Path, tmp_path: Path, point: str, prevalence: float | None
) -> None:
    pneumoscope.score(model, archive, tmp_path / "scored", prevalence=prevalence, workers=1)
    expected, found = (
        evaluate(model, data, operating_point=point, resamples=100, seed=3)
        for data in (archive, tmp_path / "scored")
    )
    if prevalence is None:
        assert figures(found) == figures(expected)
    assert found.scored.paths == expected.scored.paths
    assert found.scored.score == pytest.approx(expected.scored.score, abs=1e-12)
    assert found.coverage.refused == expected.coverage.refused > 0
    assert found.cohort.seen == expected.cohort.seen > 8
    codes = [{notice.code for notice in each.cohort.unreadable} for each in (found, expected)]
    assert codes == [{"image-broken", "image-empty"}] * 2
    assert "images-copied" in {notice.code for notice in found.notices}


def test_no_image_is_read_and_no_example_drawn(
    model: Path, phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pneumoscope.score(model, phantoms, tmp_path / "scored", workers=1)
    read, _ = count_readings(monkeypatch)
    out = tmp_path / "out"
    found = pneumoscope.evaluate(model, tmp_path / "scored", out, resamples=100)
    assert not [path for path in read if path.endswith(".png")]
    assert found.notices[0].code == "scored-before"
    assert (out / "roc.png").is_file()
    assert not (out / "sample_predictions.png").exists()
    assert json.loads((out / "metrics.json").read_text())["overall"]["images"] == len(
        found.scored.paths
    )


def test_patients_that_cannot_be_told_are_counted(
    model: Path, phantoms: Path, tmp_path: Path
) -> None:
    for number, image in enumerate(sorted(phantoms.rglob("*.png"))):
        copy = tmp_path / "anonymous" / image.parent.name / f"{number}.png"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(image, copy)
    pneumoscope.score(model, tmp_path / "anonymous", tmp_path / "scored", workers=1)
    found = pneumoscope.evaluate(model, tmp_path / "scored", tmp_path / "out", resamples=100)
    (told,) = (notice for notice in found.notices if notice.code == "patients-by-file")
    assert told.values == {"images": len(found.scored.paths), "of": len(found.scored.paths)}


def test_subgroups_and_shards_that_are_missing(
    model: Path, phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumoscope.scale.listing.SHARD", 20)
    pneumoscope.score(model, phantoms, tmp_path / "scored", workers=1)
    found = evaluate(model, tmp_path / "scored", resamples=100)
    assert set(found.subgroups) == {"consolidation", "interstitial"}
    (tmp_path / "scored" / "part-000001.parquet").unlink()
    fewer = evaluate(model, tmp_path / "scored", resamples=100)
    assert fewer.overall.images < found.overall.images
    (told,) = (notice for notice in fewer.notices if notice.code == "not-all-scored")
    assert told.values["missing"] == 20


def unlabelled(folder: Path, count: int = 30) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.png").write_bytes(encoded(picture(seed=number) // 2 + 4 * number))
    return folder


def test_labels_from_a_list(bundle: Path, tmp_path: Path) -> None:
    pneumoscope.score(bundle, unlabelled(tmp_path / "images"), tmp_path / "scored", workers=1)
    with pytest.raises(DataError, match="has a true label") as caught:
        evaluate(bundle, tmp_path / "scored")
    assert caught.value.code == "scored-without-labels"
    labels = tmp_path / "labels.csv"
    lines = [f"images/{n}.png,{('normal', 'PNEUMONIA')[n % 2]},P{n // 4}" for n in range(20)]
    labels.write_text("\n".join(["path,label,patient", *lines]))
    found = evaluate(bundle, tmp_path / "scored", labels=labels, resamples=100)
    assert (found.overall.images, found.overall.patients) == (20, 5)
    (told,) = (notice for notice in found.notices if notice.code == "images-unlabelled")
    assert told.values == {"images": 30, "unlabelled": 10}
    labels.write_text("path,label\nelsewhere.png,NORMAL\n")
    with pytest.raises(DataError, match="fits an image"):
        evaluate(bundle, tmp_path / "scored", labels=labels)
    labels.write_text("path,label\n1.png,tuberculosis\n")
    with pytest.raises(ClassMismatchError, match=r"labels\.csv"):
        evaluate(bundle, tmp_path / "scored", labels=labels)


def test_another_model_is_refused(bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    pneumoscope.score(bundle, phantoms, tmp_path / "scored", workers=1)
    other = write_bundle(tmp_path / "other", name="other")
    with pytest.raises(DataError, match="scored by another model") as caught:
        evaluate(other, tmp_path / "scored")
    assert caught.value.code == "scored-by-another-model"


@pytest.mark.parametrize("option", [{"limit": 5}, {"root": "."}])
def test_options_of_images_are_refused(
    bundle: Path, phantoms: Path, tmp_path: Path, option: dict[str, object]
) -> None:
    pneumoscope.score(bundle, phantoms, tmp_path / "scored", workers=1)
    with pytest.raises(SettingsError, match="scored before"):
        evaluate(bundle, tmp_path / "scored", **option)


def test_labels_beside_images_are_refused(
    bundle: Path, class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="has its own"):
        evaluate(bundle, class_folders(NORMAL=2, PNEUMONIA=2), labels=tmp_path / "labels.csv")
