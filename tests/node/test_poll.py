"""What is new in an archive is fetched once, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import pytest
from pydicom.uid import (
    ComprehensiveSRStorage,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    SecondaryCaptureImageStorage,
)

from pneumoscope.derived.kinds import SERIES as OWN_SERIES
from pneumoscope.derived.kinds import Kind
from pneumoscope.dicomweb.archive import Archive
from pneumoscope.errors import PeerError, StorageError
from pneumoscope.node import poll
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.events import Delayed, Event
from pneumoscope.node.fetched import Fetched
from pneumoscope.node.intake import NOT_UNDERSTOOD, OUT_OF_RESOURCES, SUCCESS, Offer
from pneumoscope.node.poll import Poller
from tests.node.archive import Answer, Asked, FakeArchive, serving
from tests.node.orthanc import until
from tests.node.radiographs import UID, radiograph

RADIOGRAPHS = {ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation}


@dataclass
class Bench:
    """An archive, and pollers of it that come one after the other, as a node is started again."""

    fake: FakeArchive
    folder: Path
    settings: DicomWeb
    sop_classes: set[str] = field(default_factory=lambda: {*RADIOGRAPHS})
    offered: list[Offer] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    status: int = SUCCESS
    stopping: Flag = field(default_factory=Flag)

    @property
    def memory(self) -> Path:
        return self.folder / "fetched.json"

    def take(self, offer: Offer) -> int:
        if self.status != OUT_OF_RESOURCES:
            self.offered.append(offer)
        return self.status

    def poller(self) -> Poller:
        return Poller(
            Archive(self.settings, 10.0),
            self.settings,
            self.sop_classes,
            Fetched(self.memory, self.settings.url),
            self.take,
            self.events.append,
            self.stopping,
        )

    def poll(self) -> list[int]:
        """Polls by a new poller, and returns the numbers of what it has offered."""
        before = len(self.offered)
        self.poller().poll()
        return self.numbers()[before:]

    def numbers(self) -> list[int]:
        return [int(offer.uid.rpartition(".")[2]) for offer in self.offered]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with serving() as fake:
        yield Bench(fake, tmp_path, DicomWeb(fake.url))


def test_what_is_new_is_fetched_once(bench: Bench) -> None:
    assert bench.poll() == []
    bench.fake.add(radiograph(1), radiograph(2, StudyInstanceUID="1.5", Modality="DX"))
    assert bench.poll() == [1, 2]
    assert bench.poll() == []
    bench.fake.add(radiograph(3))
    assert bench.poll() == [3]
    assert bench.poll() == []
    assert bench.fake.retrieved() == [f"{UID}.{number}" for number in (1, 2, 3)]


def test_it_is_offered_as_it_is_stored(bench: Bench) -> None:
    data = radiograph(1, "jpeg-ls")
    bench.fake.add(data)
    bench.poll()
    assert bench.offered == [
        Offer(data, bench.fake.url, ComputedRadiographyImageStorage, f"{UID}.1")
    ]


def test_a_study_is_not_looked_into_unless_it_has_changed(bench: Bench) -> None:
    bench.fake.add(radiograph(1))
    bench.poll()
    bench.fake.asked.clear()
    bench.poll()
    assert {one.path for one in bench.fake.asked} == {"/dicom-web/studies"}


def test_an_archive_that_does_not_count_is_looked_into_each_time(bench: Bench) -> None:
    def uncounted(asked: Asked) -> Answer | None:
        if asked.path != "/dicom-web/studies":
            return None
        rows = list(bench.fake.studies(asked.query))
        for row in rows:
            del row["00201206"], row["00201208"]
        return bench.fake.rows(rows, asked.query)

    bench.fake.fault = uncounted
    for number in (1, 2, 3):
        bench.fake.add(radiograph(number))
        assert bench.poll() == [number]
    assert bench.poll() == []


def test_a_study_that_is_sent_again_is_new(bench: Bench) -> None:
    bench.fake.add(radiograph(1))
    assert bench.poll() == [1]
    bench.fake.objects.clear()
    assert bench.poll() == []
    bench.fake.add(radiograph(1))
    assert bench.poll() == [1]


def test_an_instance_that_is_sent_again_is_new(bench: Bench) -> None:
    bench.fake.add(radiograph(1), radiograph(2))
    assert bench.poll() == [1, 2]
    del bench.fake.objects[f"{UID}.1"]
    assert bench.poll() == []
    bench.fake.add(radiograph(1))
    assert bench.poll() == [1]


def test_results_and_other_objects_are_not_fetched(bench: Bench) -> None:
    own = OWN_SERIES[Kind.CAPTURE].description
    bench.fake.add(
        radiograph(1),
        radiograph(2, SOPClassUID=ComprehensiveSRStorage, Modality="SR"),
        radiograph(3, SOPClassUID=SecondaryCaptureImageStorage, Modality="OT"),
        radiograph(4, SOPClassUID="1.2.840.10008.5.1.4.1.1.2", Modality="CT"),
    )
    assert bench.poll() == [1]
    bench.sop_classes.add(SecondaryCaptureImageStorage)
    bench.fake.add(
        radiograph(
            5, SOPClassUID=SecondaryCaptureImageStorage, Modality="OT", SeriesDescription=own
        )
    )
    assert bench.poll() == [3]
    assert bench.poll() == []


def test_old_studies_are_not_looked_at(bench: Bench) -> None:
    day = date.today() - timedelta(5)
    bench.fake.add(radiograph(1, StudyDate=f"{day:%Y%m%d}"))
    assert bench.poll() == []
    bench.settings = replace(bench.settings, days=5)
    assert bench.poll() == [1]


def test_all_studies_are_looked_at_if_asked(bench: Bench) -> None:
    bench.fake.add(radiograph(1, StudyDate=""), radiograph(2, StudyDate="19010101"))
    assert bench.poll() == []
    bench.settings = replace(bench.settings, days=0)
    assert bench.poll() == [1, 2]


def test_a_radiograph_that_the_node_does_not_want_is_not_fetched_again(bench: Bench) -> None:
    bench.fake.add(radiograph(1))
    bench.status = NOT_UNDERSTOOD
    assert bench.poll() == [1]
    assert bench.poll() == []


def test_a_full_spool_is_tried_again(bench: Bench) -> None:
    bench.fake.add(radiograph(1), radiograph(2))
    bench.status = OUT_OF_RESOURCES
    with pytest.raises(StorageError):
        bench.poll()
    bench.status = SUCCESS
    assert bench.poll() == [1, 2]


def unless(path: str, answer: Answer, times: int = 1) -> object:
    """Fails so many times where something is asked for."""
    left = [answer] * times
    return lambda asked: left.pop() if left and asked.path.endswith(path) else None


@pytest.mark.parametrize("status", [401, 503])
def test_an_archive_that_is_away_is_asked_no_further(bench: Bench, status: int) -> None:
    bench.fake.add(radiograph(1), radiograph(2), radiograph(3))
    bench.fake.fault = unless(".2", Answer(status))
    with pytest.raises(PeerError):
        bench.poll()
    assert bench.numbers() == [1]
    assert bench.poll() == [2, 3]


@pytest.mark.parametrize(
    "answer",
    [Answer(404), Answer(500), Answer(body=b"half a"), Answer(406)],
    ids=["missing", "failed", "broken", "refused"],
)
def test_one_that_cannot_be_fetched_holds_up_no_other(
    bench: Bench, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.fake.add(radiograph(1), radiograph(2), radiograph(3, StudyInstanceUID="1.5"))
    bench.fake.fault = unless(".1", answer, times=2)
    poller = bench.poller()
    poller.poll()
    assert bench.numbers() == [2, 3]
    poller.poll()  # it is not due yet
    assert [type(event) for event in bench.events] == [Delayed]
    monkeypatch.setattr(poll, "find_delay", lambda failures: 0.0)
    for _ in range(4):
        bench.poller().poll()
    assert bench.numbers() == [2, 3, 1]
    assert len(bench.fake.retrieved()) == 5  # failed twice, and each of the three once


def test_the_delay_of_one_that_cannot_be_fetched_grows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.fake.add(radiograph(1))
    bench.fake.fault = unless(".1", Answer(500), times=3)
    delays = []
    monkeypatch.setattr(poll, "find_delay", lambda failures: delays.append(failures) or 0.0)
    poller = bench.poller()
    for _ in range(4):
        poller.poll()
    assert delays == [0, 1, 2]
    assert [event.attempts for event in bench.events] == [1, 2, 3]
    assert bench.numbers() == [1]


def test_a_damaged_memory_is_none(bench: Bench) -> None:
    bench.fake.add(radiograph(1))
    bench.poll()
    for damage in ("", "[]", "{", '{"url": 1}', bench.memory.read_text()[:-9]):
        bench.memory.write_text(damage)
        assert bench.poll() == [1]


def test_the_memory_is_of_one_archive(bench: Bench) -> None:
    bench.fake.add(radiograph(1))
    bench.poll()
    bench.settings = replace(bench.settings, url=f"{bench.settings.url}/")
    assert bench.poll() == [1]


def test_the_memory_holds_no_uid(bench: Bench) -> None:
    bench.fake.add(radiograph(1))
    bench.poll()
    content = bench.memory.read_text()
    assert len(json.loads(content)["studies"]) == 1
    assert "826.77" not in content


def test_a_killed_node_goes_on_where_it_was(bench: Bench) -> None:
    bench.fake.add(radiograph(1), radiograph(2), radiograph(3))

    class Killed(BaseException):
        pass

    def take(offer: Offer) -> int:
        if offer.uid.endswith(".3"):
            raise Killed
        return bench.take(offer)

    poller = bench.poller()
    poller._take = take
    with pytest.raises(Killed):
        poller.poll()
    assert bench.numbers() == [1, 2]
    assert bench.poll() == [3]


def test_it_runs_until_it_is_stopped(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "find_delay", lambda failures: 0.0)
    bench.settings = replace(bench.settings, pause=1.0)
    bench.fake.add(radiograph(1))
    bench.fake.fault = unless("/studies", Answer(503), times=2)
    thread = Thread(target=bench.poller().run)
    thread.start()
    until(lambda: bench.offered)
    bench.stopping.set()
    thread.join(30)
    assert not thread.is_alive()
    assert bench.events == [
        Delayed(bench.fake.url, "archive-away", 1, 0.0),
        Delayed(bench.fake.url, "archive-away", 2, 0.0),
    ]
