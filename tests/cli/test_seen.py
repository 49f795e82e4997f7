"""A model says of an image that it was made with, or with others of its patient."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pneumoscope.bundle import Seen
from pneumoscope.inference import load
from pneumoscope.pseudonym import key_fingerprint, pseudonym
from pneumoscope.types import Evidence, ImageRecord, Split
from tests.cli.conftest import Run
from tests.conftest import picture
from tests.imaging.dicoms import dicom

KNOWN, OTHER, LATER = "person1_virus_6.png", "person2_virus_8.png", "person1_virus_7.png"


@pytest.fixture
def acquainted(bundle: Path, tmp_path: Path, images: Path) -> Callable[[Split], tuple[Path, Path]]:
    """Makes a model that knows `KNOWN` from a split, and a folder of it and two others."""

    def make(split: Split) -> tuple[Path, Path]:
        folder = tmp_path / "films"
        folder.mkdir()
        for source, name in zip(sorted(images.glob("*.png")), (KNOWN, LATER, OTHER), strict=False):
            shutil.copy(source, folder / name)
        sha256 = hashlib.sha256((folder / KNOWN).read_bytes()).hexdigest()
        record = ImageRecord(folder / KNOWN, 1, "guangzhou virus 1", split=split, sha256=sha256)
        _replace_seen(bundle, Seen.of("key", [record]))
        return bundle, folder

    return make


def _replace_seen(bundle: Path, seen: Seen) -> None:
    seen.write(bundle)
    manifest = json.loads((bundle / "bundle.json").read_text())
    data = (bundle / "seen.json").read_bytes()
    manifest["files"]["seen.json"] = hashlib.sha256(data).hexdigest()
    (bundle / "bundle.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("split", [Split.TRAIN, Split.VAL])
@pytest.mark.parametrize("gate", [True, False])
def test_seen(acquainted: Callable[[Split], tuple[Path, Path]], split: Split, gate: bool) -> None:
    bundle, folder = acquainted(split)
    records = load(bundle, gate=gate).predict_many(sorted(folder.iterdir()))
    codes = {Path(one.path).name: [warning.code for warning in one.warnings] for one in records}
    assert codes == {KNOWN: ["seen-image"], LATER: ["seen-patient"], OTHER: []}


def test_copy_under_another_name_is_known_by_its_bytes(
    acquainted: Callable[[Split], tuple[Path, Path]],
) -> None:
    bundle, folder = acquainted(Split.TRAIN)
    copy = (folder / KNOWN).rename(folder / "a.png")
    assert [warning.code for warning in load(bundle).predict(copy).warnings] == ["seen-image"]


def test_test_images_are_not_warned_of(
    acquainted: Callable[[Split], tuple[Path, Path]],
) -> None:
    bundle, folder = acquainted(Split.TEST)
    assert not any(one.warnings for one in load(bundle).predict_many(sorted(folder.iterdir())))


def test_names_that_others_write_tell_no_patient(bundle: Path, images: Path) -> None:
    record = ImageRecord(images, 0, "guangzhou IM 0115", split=Split.TRAIN, sha256="0")
    _replace_seen(bundle, Seen.of("key", [record]))
    export = shutil.copy(images / "0.png", images / "IM-0115-0001.png")
    assert not load(bundle).predict(export).warnings


@pytest.mark.parametrize("own", [True, False])
def test_patient_of_a_header_is_known_under_the_same_secret(
    own: bool, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = ImageRecord(
        tmp_path, 0, pseudonym("4711"), Evidence.HEADER, split=Split.TRAIN, sha256="0"
    )
    _replace_seen(bundle, Seen.of("key", [record], key_fingerprint()))
    if not own:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    for patient in ("4711", "4712"):
        # A name of the pictures of a known data set tells nothing of a DICOM file.
        (tmp_path / patient).mkdir()
        (tmp_path / patient / KNOWN).write_bytes(dicom(picture((64, 64)), PatientID=patient))
    same, other = load(bundle).predict_many(sorted(tmp_path.glob(f"*/{KNOWN}")))
    assert [warning.code for warning in same.warnings] == (["seen-patient"] if own else [])
    assert not other.warnings
    assert own or not (tmp_path / "elsewhere").exists()


def test_table_marks_rows_and_says_each_warning_once(
    acquainted: Callable[[Split], tuple[Path, Path]], run: Run
) -> None:
    bundle, folder = acquainted(Split.TRAIN)
    for number in range(4):
        shutil.copy(folder / KNOWN, folder / f"z{number}.png")
    code, out, err = run("predict", bundle, folder)
    header, *rows = out.splitlines()
    assert code == 0
    place = header.index("label") + max(map(len, ("PNEUMONIA", "refused"))) + 1
    assert [row[place] for row in rows] == ["!", "!", " ", "!", "!", "!", "!"]
    assert len({row.index(str(folder)) for row in rows} | {header.index("file")}) == 1
    assert err.count("this very image") == 1
    assert "5 of 7 images: " in err
    assert "and 2 more" in err
    assert "6 of 7 images have a label with a warning" in err


def test_csv_has_the_warning_of_each_image(
    acquainted: Callable[[Split], tuple[Path, Path]], run: Run
) -> None:
    bundle, folder = acquainted(Split.TRAIN)
    _, out, _ = run("predict", bundle, folder, "--csv")
    found = [row["warning_codes"] for row in csv.DictReader(out.splitlines())]
    assert found == ["seen-image", "seen-patient", ""]
