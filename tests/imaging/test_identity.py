"""A broken or foreign file gives no patient identifier, and raises no error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from pneumoscope.imaging.identity import PatientIdentity, patient_of
from tests.conftest import encoded, picture, save_dicom

MAGIC = bytes(128) + b"DICM"
BARE = b"\x08\0\x05\0CS\x0a\0ISO_IR 100"

# content, name, whether it is a DICOM file
NO_PATIENT: dict[str, tuple[bytes, str, bool]] = {
    "empty": (b"", "IM-0001-0001.jpeg", False),
    "PNG": (encoded(picture()), "a.png", False),
    "PNG of another name": (encoded(picture()), "IM-0001-0001.dcm", False),
    "not at its place": (b"DICM" + bytes(200), "file", False),
    "magic alone": (MAGIC, "file", True),
    "magic in a picture's name": (MAGIC, "IM-0001-0001.jpeg", True),
    "noise": (MAGIC + bytes(range(256)) * 8, "file", True),
    "without its preamble": (BARE, "IM-0001-0001", True),
    "empty by its name": (b"", "IM-0001-0001.DCM", True),
}


@pytest.mark.parametrize("case", NO_PATIENT)
def test_no_patient(case: str, tmp_path: Path) -> None:
    content, name, dicom = NO_PATIENT[case]
    (tmp_path / name).write_bytes(content)
    assert patient_of(tmp_path / name) == (PatientIdentity() if dicom else None)


def test_missing_or_a_folder(tmp_path: Path) -> None:
    assert patient_of(tmp_path / "nowhere") is None
    assert patient_of(tmp_path) is None


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(MAGIC)

    def refuse(*_: object, **__: object) -> None:  # permissions do not bind the root user
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert patient_of(tmp_path / "file") is None


def test_a_header_that_breaks_the_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(MAGIC)

    def fail(*_: object, **__: object) -> None:
        raise KeyError("whatever a broken file leads to")

    monkeypatch.setattr(pydicom, "dcmread", fail)
    assert patient_of(tmp_path / "file") == PatientIdentity()


# PatientID as written, as read
PADDED = {
    "4711": "4711",
    " 4711 ": "4711",
    "4711\0\0": "4711",
    "\0": "",
    "04711": "04711",
    "a 1": "a 1",
}


@pytest.mark.parametrize("written", PADDED)
def test_padding_is_no_part_of_an_identifier(written: str, tmp_path: Path) -> None:
    save_dicom(tmp_path / "a.dcm", PatientID=written, StudyInstanceUID="1.2.3")
    found = patient_of(tmp_path / "a.dcm")
    assert found is not None
    assert replace(found, instance="") == PatientIdentity(PADDED[written], study="1.2.3")
