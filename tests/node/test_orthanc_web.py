"""A real archive by DICOMweb: Orthanc, with its plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest
from pydicom.uid import ComputedRadiographyImageStorage

from pneumoscope.derived.kinds import SERIES as OWN_SERIES
from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import PeerError
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.dicomweb import Archive, Instance
from pneumoscope.node.events import Event
from pneumoscope.node.fetched import Fetched
from pneumoscope.node.intake import SUCCESS, Offer
from pneumoscope.node.poll import Poller
from tests.imaging.dicoms import LOSSLESS
from tests.node.orthanc import HTTP_PORT, Orthanc, running_orthanc
from tests.node.radiographs import SERIES, STUDY, UID, radiograph

SETTINGS = DicomWeb(f"http://127.0.0.1:{HTTP_PORT}/dicom-web")


@pytest.fixture(scope="module")
def orthanc() -> Iterator[Orthanc]:
    with running_orthanc({}) as running:
        yield running


def inside(orthanc: Orthanc, function: Any, *args: Any) -> Any:
    """Calls a function in the namespace of Orthanc."""
    return orthanc.inside.submit(function, *args).result(60)


def test_what_is_new_in_orthanc_is_fetched_once(orthanc: Orthanc, tmp_path: Path) -> None:
    archive, offered, events = Archive(SETTINGS, 30.0), list[Offer](), list[Event]()

    def take(offer: Offer) -> int:
        offered.append(offer)
        return SUCCESS

    poller = Poller(
        archive,
        SETTINGS,
        {ComputedRadiographyImageStorage},
        Fetched(tmp_path / "fetched.json", SETTINGS.url),
        take,
        events.append,
        Flag(),
    )
    files = {name: radiograph(number, name, PatientID="1") for number, name in enumerate(LOSSLESS)}
    for data in files.values():
        inside(orthanc, archive.store, data)
    own = radiograph(
        99,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.7",
        Modality="OT",
        SeriesDescription=OWN_SERIES[Kind.CAPTURE].description,
        SeriesInstanceUID=f"{SERIES}.9",
    )
    inside(orthanc, archive.store, own)
    inside(orthanc, poller.poll)
    inside(orthanc, poller.poll)
    print(events)
    assert sorted(offer.uid for offer in offered) == sorted(
        f"{UID}.{number}" for number in range(len(files))
    )


def test_what_is_not_there_is_missing(orthanc: Orthanc) -> None:
    nothing = Instance(STUDY, SERIES, "1.2.3", "", "")
    with pytest.raises(PeerError) as caught:
        inside(orthanc, Archive(SETTINGS, 30.0).retrieve, nothing)
    assert caught.value.code == "archive-missing"
