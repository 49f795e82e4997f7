"""A file that is not to be trusted names no patient, and stops nobody."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from pneumoscope.imaging.identity import patient_of
from tests.conftest import encoded, picture

NO_PATIENT = {
    "empty": b"",
    "PNG": encoded(picture()),
    "magic alone": bytes(128) + b"DICM",
    "noise": bytes(128) + b"DICM" + bytes(range(256)) * 8,
    "not at its place": b"DICM" + bytes(200),
}


@pytest.mark.parametrize("case", NO_PATIENT)
def test_no_patient(case: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(NO_PATIENT[case])
    assert patient_of(tmp_path / "file") is None


def test_missing_or_a_folder(tmp_path: Path) -> None:
    assert patient_of(tmp_path / "nowhere") is None
    assert patient_of(tmp_path) is None


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(NO_PATIENT["magic alone"])

    def refuse(*_: object, **__: object) -> None:  # permissions do not bind the root user
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert patient_of(tmp_path / "file") is None


def test_a_header_that_breaks_the_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(NO_PATIENT["magic alone"])

    def fail(*_: object, **__: object) -> None:
        raise KeyError("whatever a broken file leads to")

    monkeypatch.setattr(pydicom, "dcmread", fail)
    assert patient_of(tmp_path / "file") is None
