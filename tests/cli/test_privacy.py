"""What headers and file names say of a patient stays where it is: in the images."""

from __future__ import annotations

import json
import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.cli.conftest import Run
from tests.conftest import write_bundle
from tests.imaging.dicoms import dicom
from tests.reporting.conftest import write_run

# What is looked for in any case; no base64 of a picture holds a hyphen.
PLANTED = {
    "PatientName": "Qz-name^Given",
    "PatientID": "Qz-Pid",
    "IssuerOfPatientID": "Qz-Issuer",
    "OtherPatientIDs": "Qz-Other",
    "OtherPatientNames": "Qz-alias^Given",
    "PatientBirthName": "Qz-maiden",
    "PatientMotherBirthName": "Qz-mother",
    "PatientBirthDate": "20190317",
    "PatientAddress": "Qz-street 7",
    "PatientTelephoneNumbers": "0815-471147",
    "PatientComments": "Qz-comment",
    "AdditionalPatientHistory": "Qz-history",
    "Occupation": "Qz-work",
    "AccessionNumber": "Qz-Acc",
    "StudyID": "Qz-Sid",
    "StudyDescription": "Qz-study",
    "SeriesDescription": "Qz-series",
    "ProtocolName": "Qz-protocol",
    "RequestedProcedureDescription": "Qz-procedure",
    "ImageComments": "Qz-remark",
    "InstitutionName": "Qz-hospital",
    "InstitutionAddress": "Qz-place 1",
    "InstitutionalDepartmentName": "Qz-ward",
    "StationName": "Qz-station",
    "DeviceSerialNumber": "Qz-serial",
    "ReferringPhysicianName": "Qz-referring",
    "PerformingPhysicianName": "Qz-performing",
    "NameOfPhysiciansReadingStudy": "Qz-reading",
    "OperatorsName": "Qz-operator",
    "StudyDate": "20231119",
    "StudyInstanceUID": "1.2.826.77.1",
    "SeriesInstanceUID": "1.2.826.77.2",
    "FrameOfReferenceUID": "1.2.826.77.3",
    "SOPInstanceUID": "1.2.826.77.4",
}
PRIVATE = "Qz-private"
OF_FILES = ("Qz-file", "Qz-folder", "Qz-broken", "Qz-notes")


def plant(root: Path, seed: int) -> Path:
    """Class folders of DICOM files that name their patients wherever they can."""
    for number in range(24):
        label = ("NORMAL", "PNEUMONIA")[number % 2]
        pixels = np.random.default_rng(seed + number).integers(0, 256, (48, 40), np.uint8)
        pixels = pixels // 2 + np.uint8(100 * (number % 2))
        own = {key: PLANTED[key] + str(number) for key in ("PatientID", "AccessionNumber")}
        own["SOPInstanceUID"] = f"{PLANTED['SOPInstanceUID']}.{number}"
        own["StudyInstanceUID"] = f"{PLANTED['StudyInstanceUID']}.{number}"
        if number % 4 == 2:  # nobody's: the file, or its study, stands for the patient
            own |= {"PatientID": "", "StudyInstanceUID": ""} if number % 8 == 2 else {}
        own |= {"ViewPosition": "LL"} if number == 4 else {"BurnedInAnnotation": "YES"}
        data = dicom(pixels, **{**PLANTED, **own})
        path = root / label / "Qz-folder" / f"Qz-file{number}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_with_private(data))
    (root / "NORMAL" / "Qz-broken.dcm").write_bytes(_with_private(data)[:900])
    (root / "NORMAL" / "Qz-notes.txt").write_text("Qz-notes")
    return root


def _with_private(data: bytes) -> bytes:
    ds = dcmread(BytesIO(data))
    ds.private_block(0x0011, "Qz-maker", create=True).add_new(1, "LO", PRIVATE)
    item = Dataset()
    item.PatientID = PLANTED["OtherPatientIDs"]
    ds.OtherPatientIDsSequence = [item]
    stream = BytesIO()
    ds.save_as(stream)
    return stream.getvalue()


def found_in(root: Path, data: Path, printed: str, words: list[str]) -> set[str]:
    """Which words stand in what was printed, or below a folder: in names, bytes or PNG texts."""
    texts = [printed.casefold().encode("utf-8", "surrogateescape")]
    for path in root.rglob("*"):
        if path.is_relative_to(data):
            continue
        texts.append(os.fsencode(str(path.relative_to(root)).casefold()))
        if path.is_file():
            texts.append(path.read_bytes().lower())
        if path.suffix == ".png":
            with Image.open(path) as image:
                texts.append(repr(image.info).casefold().encode())
    return {word for word in words if any(word.casefold().encode() in text for text in texts)}


HEADER = ["Qz-maker", PRIVATE, *(value.split("^")[0] for value in PLANTED.values())]


ALL = [*HEADER, *OF_FILES]


def run_all(run: Run, tmp_path: Path, data: Path, *options: str) -> str:
    """Has the commands that read images read them: all that is printed."""
    bundle = write_bundle(tmp_path / "bundle", usual=128.0)
    printed = ""
    for words in (
        ("data", "audit", data, "-o", "audit.html"),
        ("data", "audit", data, "-o", "audit2.html", "--json"),
        ("data", "prepare", data, "--image-size", "32"),
        ("data", "prepare", data, "--image-size", "32", "-o", "prepared", "--json"),
        ("predict", bundle, data),
        ("predict", bundle, data, data / "Qz-broken-gone.dcm", "--csv", "--heatmap", "heat"),
        (
            "predict",
            bundle,
            data,
            "--json",
            "--no-gate",
            "--heatmap",
            "heat2",
            "--html",
            "p.html",
            "--pdf",
            "p.pdf",
        ),
        ("evaluate", bundle, data, "-o", "evaluation", "--resamples", "100", "--json"),
        ("compare", bundle, bundle, data, "-o", "comparison", "--resamples", "100"),
        ("stress", bundle, data, "-o", "stress", "--resamples", "100"),
        ("check-heatmaps", bundle, data, "-o", "heatmaps", "--resamples", "100"),
    ):
        code, out, err = run(*words, *options)
        assert code in (0, 1), (words, err)
        printed += out + err
    assert list((tmp_path / "heat2").rglob("*.png"))
    return printed


def test_nothing_that_names_a_patient_leaves_a_header(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = plant(tmp_path / "data", 0)
    assert found_in(data, tmp_path / "nowhere", "", HEADER) == set(HEADER)
    printed = run_all(run, tmp_path, data)
    assert found_in(tmp_path, data, printed, HEADER) == set()
    assert found_in(tmp_path, data, printed, list(OF_FILES)) == set(OF_FILES)


def test_hashed_paths_leave_nothing_of_file_names(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = plant(tmp_path / "data", 0)
    printed = run_all(run, tmp_path, data, "--hash-paths")
    fitted = write_run(tmp_path / "run", data)
    code, out, err = run("report", fitted, data, "--resamples", "100", "--hash-paths")
    assert code == 1, err
    printed += out + err
    assert found_in(tmp_path, data, printed, ALL) == set()


def test_a_file_has_the_same_hash_wherever_it_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = plant(tmp_path / "data", 0)
    bundle = write_bundle(tmp_path / "bundle")
    file = Path("data", "NORMAL", "Qz-folder", "Qz-file0.dcm")
    _, out, _ = run("predict", bundle, file, "--json", "--hash-paths", "--heatmap", "heat")
    record = json.loads(out)
    assert record["heatmap"] == str(Path("heat", f"{record['path']}.heatmap.png"))
    run("data", "prepare", data, "-o", "prepared", "--hash-paths")
    assert record["path"] in Path("prepared", "manifest.csv").read_text()
    assert list(Path("prepared").rglob(f"{record['path']}.png"))
    _, out, _ = run("predict", bundle, file, "--json")
    assert json.loads(out)["path"] == str(file)  # the option holds for one command


def test_a_prepared_folder_keeps_to_one_kind_of_names(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = plant(tmp_path / "data", 0)
    for options in ((), ("--hash-paths",)):
        output = f"prepared{len(options)}"
        others = () if options else ("--hash-paths",)
        assert run("data", "prepare", data, "-o", output, *options)[0] == 1
        code, _, err = run("data", "prepare", data, "-o", output, *others)
        assert code == 2
        assert "another file_names" in err


@pytest.mark.keras
def test_a_training_on_hashed_paths_knows_nobody(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = plant(tmp_path / "data", 0)
    side = ("--image-size", "32")
    printed = run("data", "prepare", data, "-o", "prepared", *side, "--hash-paths")[1:]
    options = ("-o", "run", "--arch", "baseline", "--epochs", "1", *side)
    code, *trained = run("train", "prepared", *options)
    assert (tmp_path / "run" / "bundle" / "model.onnx").is_file(), (code, trained)
    assert found_in(tmp_path, data, "".join([*printed, *trained]), ALL) == set()
