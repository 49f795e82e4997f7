"""A real archive by DICOMweb: Orthanc, with its plugin."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event as Flag
from typing import Any
from urllib.request import Request, urlopen

import pytest
from pydicom.uid import ComputedRadiographyImageStorage, SecondaryCaptureImageStorage

from pneumoscope.derived.kinds import SERIES as OWN_SERIES
from pneumoscope.derived.kinds import Kind
from pneumoscope.dicomweb.archive import Archive, Instance
from pneumoscope.errors import PeerError
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.fetched import Fetched
from pneumoscope.node.intake import SUCCESS, Offer
from pneumoscope.node.poll import Poller
from tests.conftest import write_bundle
from tests.imaging.dicoms import LOSSLESS
from tests.node.orthanc import HTTP_PORT, PATIENCE, Orthanc, running_orthanc, until
from tests.node.radiographs import SERIES, STUDY, UID, radiograph

SETTINGS = DicomWeb(f"http://127.0.0.1:{HTTP_PORT}/dicom-web", pause=1.0)


@pytest.fixture
def orthanc() -> Iterator[Orthanc]:
    with running_orthanc({}) as running:
        yield running


def inside(orthanc: Orthanc, function: Any, *args: Any) -> Any:
    """Calls a function in the namespace of Orthanc."""
    return orthanc.inside.submit(function, *args).result(PATIENCE)


def store(orthanc: Orthanc, *files: bytes) -> None:
    with Archive(SETTINGS, 30.0) as archive:
        for data in files:
            inside(orthanc, archive.store, data)


def delete(path: str) -> None:
    urlopen(Request(f"http://127.0.0.1:{HTTP_PORT}{path}", method="DELETE")).close()


def has(orthanc: Orthanc, count: int) -> bool:
    return bool(orthanc.ask("/statistics")["CountInstances"] == count)


def test_what_is_new_in_orthanc_is_fetched_once(orthanc: Orthanc, tmp_path: Path) -> None:
    taken: list[Offer] = []

    def take(offer: Offer) -> int:
        taken.append(offer)
        return SUCCESS

    def poll() -> list[str]:
        before = len(taken)
        inside(orthanc, poller.poll)
        return sorted(offer.uid for offer in taken[before:])

    archive = Archive(SETTINGS, 30.0)
    fetched = Fetched(tmp_path / "fetched.json", SETTINGS.url)
    classes = {ComputedRadiographyImageStorage, SecondaryCaptureImageStorage}
    told: list[object] = []
    poller = Poller(archive, SETTINGS, classes, fetched, take, told.append, Flag())
    files = [radiograph(number, name, PatientID="1") for number, name in enumerate(LOSSLESS)]
    own = radiograph(
        99,
        PatientID="1",
        SOPClassUID=SecondaryCaptureImageStorage,
        Modality="OT",
        SeriesDescription=OWN_SERIES[Kind.CAPTURE].description,
        SeriesInstanceUID=f"{SERIES}.9",
    )
    store(orthanc, *files, own)
    uids = sorted(f"{UID}.{number}" for number in range(len(files)))
    assert poll() == uids
    assert poll() == []
    assert {offer.data for offer in taken} == set(files)
    (study,) = orthanc.ask("/studies")
    inside(orthanc, delete, f"/studies/{study}")
    assert poll() == []
    store(orthanc, files[0])
    assert poll() == uids[:1]
    assert told == []


def test_what_is_not_there_is_missing(orthanc: Orthanc) -> None:
    with Archive(SETTINGS, 30.0) as archive, pytest.raises(PeerError) as caught:
        inside(orthanc, archive.retrieve, Instance(STUDY, SERIES, "1.2.3", "", ""))
    assert caught.value.code == "archive-missing"


def test_the_command_returns_results_to_orthanc_once(orthanc: Orthanc, tmp_path: Path) -> None:
    model = write_bundle(tmp_path / "bundle")
    (tmp_path / "node.toml").write_text(
        f'port = 0\nmodel = "{model}"\nlog = "log"\nspool = "spool"\n'
        f'[dicomweb]\nurl = "{SETTINGS.url}"\npause = 1.0\n'
    )
    command = [sys.executable, "-m", "pneumoscope", "node", "--settings", tmp_path / "node.toml"]
    with orthanc.start(*command, stderr=subprocess.PIPE) as process:
        for number in (1, 2, 3):
            store(orthanc, radiograph(number, PatientID="1", StudyInstanceUID=f"{STUDY}.{number}"))
            until(partial(has, orthanc, 4 * number))
        process.terminate()
        printed = process.communicate(timeout=PATIENCE)[1].decode()
    assert process.returncode == 0, printed
    counts = [len(orthanc.ask(f"/studies/{study}/instances")) for study in orthanc.ask("/studies")]
    assert counts == [4, 4, 4]
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert Counter(line["event"] for line in lines) == {"object": 3}
