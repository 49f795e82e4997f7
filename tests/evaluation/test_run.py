"""Evaluation: on unseen images only, with a count of all that were left out."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import pneumoscope
from pneumoscope.bundle import Seen
from pneumoscope.dataset import prepare, scan
from pneumoscope.errors import ClassMismatchError, DataError, StorageError
from pneumoscope.evaluation import tabulate_evaluation
from pneumoscope.evaluation.cohort import gather
from pneumoscope.evaluation.run import evaluate, evaluate_cohort
from pneumoscope.imaging import read_bytes
from pneumoscope.inference import load
from pneumoscope.statistics import Resampling
from pneumoscope.tables import join_latex, join_markdown
from pneumoscope.types import Geometry, ImageRecord, Split
from tests.conftest import SIDE, count_readings, picture, write_bundle
from tests.imaging.dicoms import dicom

FIGURES = {
    "confusion_matrix.png",
    "roc.png",
    "precision_recall.png",
    "score_histogram.png",
    "reliability.png",
    "decision_curve.png",
    "sample_predictions.png",
}


def test_figures_numbers_and_predictions(bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    out = tmp_path / "evaluation"
    found = pneumoscope.evaluate(str(bundle), str(phantoms), str(out), resamples=100)
    others = {"metrics.json", "predictions.csv", "evaluation.md", "evaluation.tex"}
    assert {path.name for path in out.iterdir()} == FIGURES | others
    tables = list(tabulate_evaluation(found))
    assert (out / "evaluation.md").read_text() == join_markdown(tables)
    assert (out / "evaluation.tex").read_text() == join_latex(tables)
    for name in FIGURES:
        with Image.open(out / name) as image:
            assert min(image.size) > 300
    saved = json.loads((out / "metrics.json").read_text())
    assert saved == json.loads(json.dumps(found.to_dict()))
    assert set(saved["by_class"]) == {"NORMAL", "PNEUMONIA"}
    assert set(saved["by_subgroup"]) == {"consolidation", "interstitial"}
    assert set(saved["overall"]["estimates"]["auroc"]) == {"value", "low", "high", "method"}
    with (out / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found.overall.images == len(list(phantoms.rglob("*.png")))
    right = sum(row["true"] == row["predicted"] for row in rows) / len(rows)
    assert found.overall.estimates["accuracy"].value == pytest.approx(right)


def test_constant_scores_rank_nothing(class_folders: Callable[..., Path], tmp_path: Path) -> None:
    constant = write_bundle(tmp_path / "constant", unit=float("inf"))
    data = class_folders(NORMAL=10, PNEUMONIA=10)
    found = evaluate(constant, data, tmp_path / "out", resamples=100)
    assert str(found.overall.estimates["auroc"]) == "0.500 (interval not computable)"
    assert str(found.overall.estimates["npv"]) == "not computable"
    assert not any(notice.code == "few-patients" for notice in found.notices)
    nothing = write_bundle(tmp_path / "nan", unit=float("nan"))
    with pytest.raises(DataError, match="gives no probability") as caught:
        evaluate(nothing, data)
    assert ".." not in str(caught.value)


def test_few_patients_give_a_notice(bundle: Path, class_folders: Callable[..., Path]) -> None:
    found = evaluate(bundle, class_folders(NORMAL=9, PNEUMONIA=10), resamples=100)
    assert str(found.notices[-1]) == "Few patients (19): the intervals are too narrow"
    assert found.to_dict()["notices"][-1] == {
        "code": "few-patients",
        "text": str(found.notices[-1]),
        "values": {"patients": 19},
    }


def test_same_seed_same_intervals(bundle: Path, phantoms: Path) -> None:
    first, again, other = (
        evaluate(bundle, phantoms, resamples=100, seed=seed).to_dict()["overall"]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def seen_bundle(tmp_path: Path, records: list[ImageRecord]) -> Path:
    return write_bundle(tmp_path / "trained", seen=Seen.of("key", records))


def hashed(phantoms: Path, split: Split) -> list[ImageRecord]:
    return [
        replace(record, split=split, sha256=read_bytes(record.path).sha256)
        for record in scan(phantoms).records
    ]


def test_seen_images_and_their_patients_are_left_out(phantoms: Path, tmp_path: Path) -> None:
    records = hashed(phantoms, Split.TRAIN)
    used = [record for record in records if record.patient.endswith(("0", "1"))][::2]
    patients = {record.patient for record in used}
    expected = [record for record in records if record.patient not in patients]
    found = evaluate(seen_bundle(tmp_path, used), phantoms, resamples=100)
    assert found.overall.images == len(expected)
    assert found.cohort.seen == len(records) - len(expected)
    assert found.cohort.seen > len(used)


def test_patients_are_known_again_when_their_images_were_saved_anew(
    phantoms: Path, tmp_path: Path
) -> None:
    records = [replace(r, sha256=r.sha256[::-1]) for r in hashed(phantoms, Split.TRAIN)]
    patients = {record.patient for record in records[:9]}
    found = evaluate(seen_bundle(tmp_path, records[:9]), phantoms, resamples=100)
    assert found.cohort.seen == sum(record.patient in patients for record in records)


def hospital(root: Path, *identifiers: str) -> Path:
    """DICOM files with these identifiers of patients, by turns of either class."""
    for number, identifier in enumerate(identifiers):
        folder = root / ("NORMAL", "PNEUMONIA")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        rows = picture((48, 40), seed=number + 1000 * ord(root.name))
        (folder / f"{number}.dcm").write_bytes(dicom(rows, PatientID=identifier))
    return root


def trained_on(data: Path, tmp_path: Path) -> Path:
    """A bundle that says it was trained on all of a data set."""
    images = scan(data)
    used = [
        replace(record, split=Split.TRAIN, sha256=read_bytes(record.path).sha256)
        for record in images.records
    ]
    return write_bundle(tmp_path / "trained", seen=Seen.of("key", used, images.patient_key))


def test_patients_without_identifier_are_unseen(tmp_path: Path) -> None:
    names = [f"P{number}" for number in range(20)]
    model = trained_on(hospital(tmp_path / "a", *["ANONYMOUS"] * 6, *names), tmp_path)
    strangers = hospital(tmp_path / "b", *["ANONYMOUS"] * 12)
    assert evaluate(model, strangers, resamples=100).cohort.seen == 0
    mixed = hospital(tmp_path / "c", *["ANONYMOUS"] * 12, *names[:3])
    assert evaluate(model, mixed, resamples=100).cohort.seen == 3


def test_patients_hashed_with_another_key_give_a_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phantoms: Path
) -> None:
    names = [f"P{number}" for number in range(12)]
    model = trained_on(hospital(tmp_path / "a", *names), tmp_path)
    again = hospital(tmp_path / "b", *names[:4], *"QRST")
    found = evaluate(model, again, resamples=100)
    assert found.cohort.seen == 4
    assert not any(notice.code == "another-patient-key" for notice in found.notices)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    found = evaluate(model, again, resamples=100)
    assert found.cohort.seen == 0
    assert any(notice.code == "another-patient-key" for notice in found.notices)
    public = evaluate(model, phantoms, resamples=100)
    assert not any(notice.code == "another-patient-key" for notice in public.notices)


def test_unknown_patients_are_not_taken_for_one_another(
    class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    data = class_folders(NORMAL=4, PNEUMONIA=4)
    records = [replace(r, sha256=r.sha256[::-1]) for r in hashed(data, Split.TRAIN)]
    assert evaluate(seen_bundle(tmp_path, records), data, resamples=100).cohort.seen == 0


def test_nothing_unseen_is_left(phantoms: Path, tmp_path: Path) -> None:
    root = seen_bundle(tmp_path, hashed(phantoms, Split.VAL))
    with pytest.raises(DataError, match="no image to evaluate on"):
        evaluate(root, phantoms)


def test_prepared_folder_gives_the_same_as_its_source(
    bundle: Path, phantoms: Path, tmp_path: Path
) -> None:
    prepared = prepare(phantoms, tmp_path / "out", geometry=Geometry(SIDE, SIDE))
    from_source = evaluate(bundle, phantoms, resamples=100).to_dict()["overall"]
    assert evaluate(bundle, prepared.root, resamples=100).to_dict()["overall"] == from_source


def test_prepared_folder_of_another_size(bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    prepared = prepare(phantoms, tmp_path / "out", geometry=Geometry(64, 64))
    with pytest.raises(DataError, match="another image size"):
        evaluate(bundle, prepared.root)


def test_other_classes(bundle: Path, class_folders: Callable[..., Path]) -> None:
    with pytest.raises(ClassMismatchError):
        evaluate(bundle, class_folders(cat=2, dog=2))


def test_broken_files_are_counted(bundle: Path, class_folders: Callable[..., Path]) -> None:
    data = class_folders(NORMAL=4, PNEUMONIA=4)
    (data / "NORMAL" / "text.png").write_text("no image")
    (data / "NORMAL" / "gone.png").symlink_to("nowhere")
    found = evaluate(bundle, data, resamples=100)
    assert found.overall.images == 8
    assert len(found.cohort.unreadable) == 2


def test_nothing_can_be_read(bundle: Path, class_folders: Callable[..., Path]) -> None:
    data = class_folders(NORMAL=2, PNEUMONIA=2)
    for path in data.rglob("*.png"):
        path.write_text(path.name)
    with pytest.raises(DataError, match="None of the images could be read"):
        evaluate(bundle, data)


def test_progress_counts_reading_and_predicting(bundle: Path, phantoms: Path) -> None:
    steps: list[tuple[int, int]] = []
    found = evaluate(bundle, phantoms, resamples=100, progress=lambda *s: steps.append(s))
    total = 2 * len(found.cohort)
    assert steps == [(done, total) for done in range(1, total + 1)]
    steps.clear()
    predictor = load(bundle)
    cohort = gather(phantoms, [predictor], Resampling(100))
    evaluate_cohort(predictor, cohort, progress=lambda *s: steps.append(s))
    assert steps == [(done, total // 2) for done in range(1, total // 2 + 1)]


def test_nothing_is_left_of_seen_and_broken_files(phantoms: Path, tmp_path: Path) -> None:
    model = seen_bundle(tmp_path, hashed(phantoms, Split.TRAIN))
    data = shutil.copytree(phantoms, tmp_path / "data")
    (next(data.rglob("*.png")).parent / "text.png").write_text("no image")
    with pytest.raises(DataError, match="that it has seen, and 1 broken files") as caught:
        evaluate(model, data)
    assert caught.value.code == "nothing-unseen"


def test_output_that_cannot_be_written(bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        evaluate(bundle, phantoms, tmp_path / "file", resamples=100)


def test_each_image_is_read_and_decoded_once(
    bundle: Path, phantoms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, decoded = count_readings(monkeypatch)
    evaluate(bundle, phantoms, resamples=100)
    images = len(list(phantoms.rglob("*.png")))
    assert (sorted(read.values()), len(read)) == ([1] * images, images)
    assert (sorted(decoded.values()), len(decoded)) == ([1] * images, images)


def test_files_of_patients_that_are_known_are_not_opened(
    phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = hashed(phantoms, Split.TRAIN)
    used = [record for record in records if record.patient.endswith(("0", "1"))]
    model = seen_bundle(tmp_path, used)
    read, _ = count_readings(monkeypatch)
    found = evaluate(model, phantoms, resamples=100)
    assert found.cohort.seen == len(used)
    assert set(read) == {str(record.path) for record in records if record not in used}
