"""What headers say of a patient stays in the objects: nowhere else, whatever goes wrong."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import generate_latest
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import ComputedRadiographyImageStorage

from pneumoscope.imaging.quiet import undisturbed
from pneumoscope.node import deliver, poll
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.events import Dead, Delayed, Event, NotStored, Predicted
from pneumoscope.node.log import Log
from pneumoscope.node.metrics import Metrics
from pneumoscope.node.run import running
from tests.cli.test_privacy import PLANTED, PRIVATE
from tests.conftest import write_bundle
from tests.imaging.dicoms import dicom
from tests.node.archive import Answer, Asked, serving
from tests.node.conftest import archive_at, send, settings_for, wait_until

WORDS = ["Qz", PRIVATE, "826.77", "0815-471147", "20190317", "20231119"]
"""A part of everything that is planted."""
NUMBERS = iter(range(1_000_000))

# A text in place of a number, a date or a UID, on which libraries raise or warn, with the text.
BROKEN = {
    "SeriesNumber": ("IS", b"Qz1 "),
    "InstanceNumber": ("IS", b"Qz2 "),
    "PixelSpacing": ("DS", b"Qz0.1\\Qz0."),
    "ImagerPixelSpacing": ("DS", b"Qz0.2\\Qz0."),
    "WindowCenter": ("DS", b"Qz11"),
    "WindowWidth": ("DS", b"Qz12"),
    "RescaleSlope": ("DS", b"Qz13"),
    "StudyDate": ("DA", b"Qz-2023."),
    "StudyTime": ("TM", b"Qz-12:30"),
    "PatientBirthDate": ("DA", b"Qz-birth"),
    "PatientAge": ("AS", b"QzY "),
    "PatientSex": ("CS", b"qz-sex"),
    "PatientSize": ("DS", b"Qz18"),
    "StudyInstanceUID": ("UI", b"1.2.826.77.Qz\0"),
    "SeriesInstanceUID": ("UI", b"1.2.826.77.0007\0"),
    "SOPInstanceUID": ("UI", b"1.2.826.77.04.Qz"),
    "FrameOfReferenceUID": ("UI", b"1.2.826.77..Qz"),
    "SpecificCharacterSet": ("CS", b"QZ 192"),
    "PatientName": ("PN", b"Qz\xff^\xfe=\x1b$BQz"),
    "PatientOrientation": ("CS", b"Qz\\Qz\\Qz"),
    "BitsStored": ("US", b"Qz"),
    "Rows": ("US", b"Qz"),
    "PhotometricInterpretation": ("CS", b"QZ-COLOUR "),
    "NumberOfFrames": ("IS", b"Qz"),
    "TimezoneOffsetFromUTC": ("SH", b"Qz-zone "),
}


def planted(**changes: object) -> bytes:
    """The file of a radiograph that names its patient wherever it can."""
    number = next(NUMBERS)
    uids = {
        keyword: f"{value}.{number}"
        for keyword, value in PLANTED.items()
        if "InstanceUID" in keyword
    }
    elements = {**PLANTED, **uids, "SOPClassUID": ComputedRadiographyImageStorage}
    pixels = np.random.default_rng(number).integers(0, 256, (48, 40), np.uint8)
    return dicom(pixels, **{**elements, "Modality": "CR", "StudyDate": TODAY, **changes})


def broken(keyword: str) -> bytes:
    """The file of a radiograph with one value that is none of its type."""
    kind, value = BROKEN[keyword]
    ds, tag = dcmread(BytesIO(planted())), Tag(keyword)
    ds[tag] = RawDataElement(tag, kind, len(value), value, 0, False, True)
    stream = BytesIO()
    with undisturbed():
        ds.save_as(stream)
    return stream.getvalue()


TODAY = f"{date.today():%Y%m%d}"
NAMES = b"Qz-name^Given 1.2.826.77.4"
FAULTS = [
    None,
    Answer(body=b'[{"00080018": "Qz-name"}]'),
    Answer(body=NAMES),
    Answer(500, NAMES),
    Answer(404, NAMES),
    Answer(body=NAMES, content_type="multipart/related"),
    Answer(body=NAMES, cut=3),
    Answer(headers={"Location": "/Qz-name"}, status=307),
]
"""What the archive answers first, None for what it should."""


@contextmanager
def listening() -> Iterator[StringIO]:
    """Everything that is logged, as by a user who wants to see it all."""
    stream = StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def everything_of(folder: Path, told: list[Event], logged: StringIO) -> str:
    """All that a node has said: its log, its metrics, events, and the names of its files."""
    log, metrics = StringIO(), Metrics()
    write = Log(log)
    for event in told:
        write(event)
        metrics(event)
    names = [os.fsdecode(path) for path in folder.rglob("*")]
    written = [path.read_text() for path in folder.rglob("fetched.json")]
    lines = (log.getvalue(), generate_latest(metrics.registry).decode(), repr(told), *names)
    return "\n".join((*lines, *written, logged.getvalue()))


def worked_on(told: list[Event]) -> int:
    return sum(isinstance(event, Predicted | Dead | NotStored) for event in told)


def found(text: str) -> list[str]:
    return [word for word in WORDS if word.casefold() in text.casefold()]


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    return [planted(), planted(ViewPosition="LL"), planted()[:1500], *map(broken, BROKEN)]


def test_what_is_planted_would_be_found(files: list[bytes]) -> None:
    assert all(found(data.decode("latin-1")) for data in files)
    assert found(f"{PLANTED}{PRIVATE}") == WORDS


def test_libraries_would_name_the_patient(files: list[bytes]) -> None:
    """Or else the tests below would test nothing."""
    said = 0
    for data in files:
        try:
            dcmread(BytesIO(data)).to_json()
        except Exception as error:
            said += bool(found("".join(traceback.format_exception(error))))
    assert said >= 5


def test_a_node_at_work_names_nobody(
    files: list[bytes], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model, told = str(write_bundle(tmp_path / "bundle", usual=128.0)), list[Event]()
    with listening() as logged, archive_at() as archive:
        settings = settings_for(tmp_path, archive.name, "X@127.0.0.1:1", model=model)
        with running(settings, told.append) as node:
            for data in files:
                with suppress(Exception):  # what the sender cannot encode
                    send(node.port, dcmread(BytesIO(data)))
            wait_until(lambda: worked_on(told) >= len(files) / 4)
            wait_until(lambda: any(isinstance(event, Delayed) for event in told))
            everything = everything_of(settings.spool, told, logged)
    assert found(everything + "".join(capfd.readouterr())) == []


def test_a_node_that_polls_names_nobody(
    files: list[bytes],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults = [*FAULTS]

    def fault(asked: Asked) -> Answer | None:
        return faults.pop() if faults and asked.path != "/dicom-web/studies" else None

    model, told = str(write_bundle(tmp_path / "bundle", usual=128.0)), list[Event]()
    monkeypatch.setattr(poll, "find_delay", lambda failures: 0.05)
    monkeypatch.setattr(deliver, "find_delay", lambda failures: 0.05)
    with serving() as fake:
        for data in files[::4]:
            with suppress(Exception), undisturbed():
                fake.add(data)
        count = len(fake.objects)
        fake.fault = fault
        settings = settings_for(tmp_path, model=model, dicomweb=DicomWeb(fake.url, pause=1.0))
        with listening() as logged, running(settings, told.append):
            wait_until(lambda: worked_on(told) == count and not faults)
            everything = everything_of(settings.spool, told, logged)
    assert found(everything + "".join(capfd.readouterr())) == []
