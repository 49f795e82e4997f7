"""A node that polls an archive: what is new there comes back with its results, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import SettingsError
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.events import Dead, Delayed, Delivered, Finished, Ignored, Received, Rejected
from pneumoscope.node.settings import SENDER
from pneumoscope.node.settings_file import read_settings
from tests.node.archive import Answer, Asked, FakeArchive, serving
from tests.node.conftest import (
    Archive,
    make_radiograph,
    results_of,
    running_node,
    send,
    wait_until,
)
from tests.node.radiographs import radiograph


@pytest.fixture
def fake() -> Iterator[FakeArchive]:
    with serving() as archive:
        yield archive


def polled(fake: FakeArchive) -> DicomWeb:
    return DicomWeb(fake.url, pause=1.0)


def headers(*files: bytes) -> list[Dataset]:
    return [dcmread(BytesIO(data)) for data in files]


def listings(fake: FakeArchive) -> int:
    return sum(asked.path == "/dicom-web/studies" for asked in fake.asked)


def test_results_go_back_to_the_archive_once(fake: FakeArchive, tmp_path: Path) -> None:
    files = [radiograph(number, StudyInstanceUID=f"1.5.{number // 2}") for number in range(3)]
    fake.add(*files)
    with running_node(tmp_path, dicomweb=polled(fake)) as running:
        running.wait_for(Finished, 3)
        seen = listings(fake)
        wait_until(lambda: listings(fake) >= seen + 8)  # two more polls of two pages each
        assert {event.destination for event in running.of(Delivered)} == {fake.url}
        assert {event.caller for event in running.of(Received)} == {fake.url}
        assert len(running.of(Received)) == 3
        assert running.of(Ignored) == []
    assert len(fake.retrieved()) == 3
    stored = [asked for asked in fake.asked if asked.method == "POST"]
    assert len(stored) == 9
    assert results_of(*headers(*files)) <= set(fake.objects)


def test_what_is_sent_and_what_is_fetched_go_where_they_should(
    fake: FakeArchive, archive: Archive, tmp_path: Path
) -> None:
    fake.add(radiograph())
    to = (archive.name, SENDER, fake.url)
    peers = {"SENDER": f"127.0.0.1:{archive.port}"}
    with running_node(tmp_path, *to, peers=peers, dicomweb=polled(fake)) as running:
        running.wait_for(Finished)
        assert set(archive.kept) == results_of(*headers(radiograph()))
        send(running.port, make_radiograph())
        running.wait_for(Finished, 2)
    assert results_of(make_radiograph()) <= set(fake.objects)
    assert results_of(make_radiograph()) <= set(archive.kept)


def test_an_archive_that_was_away_gets_all(fake: FakeArchive, tmp_path: Path) -> None:
    fake.add(radiograph())
    answers = [Answer(503), Answer(401)]
    fake.fault = lambda asked: answers.pop() if answers and asked.method == "POST" else None
    with running_node(tmp_path, dicomweb=polled(fake)) as running:
        running.wait_for(Finished)
        assert [event.code for event in running.of(Delayed)] == ["archive-denied", "archive-away"]
    assert results_of(*headers(radiograph())) <= set(fake.objects)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(409), "archive-refused"),
        (Answer(500), "archive-failed"),
        (Answer(body=b"Qz"), "archive-answer"),
    ],
)
def test_a_kind_that_the_archive_does_not_take_is_a_dead_letter(
    fake: FakeArchive, tmp_path: Path, answer: Answer, code: str
) -> None:
    fake.add(radiograph())
    answers = [None, answer, None]
    fake.fault = lambda asked: answers.pop() if answers and asked.method == "POST" else None
    with running_node(tmp_path, dicomweb=polled(fake)) as running:
        running.wait_for(Dead)
        (rejected,) = running.of(Rejected)
        assert (rejected.kind, rejected.code) == (Kind.MAP, code)
        assert len(running.of(Delivered)) == 2
        assert running.of(Delayed) == []


def test_an_archive_that_fails_at_everything_gets_all_later(
    fake: FakeArchive, tmp_path: Path
) -> None:
    fake.add(radiograph())

    def fail(asked: Asked) -> Answer | None:
        return Answer(500) if any(asked.method == "POST" for asked in fake.asked) else None

    fake.fault = fail
    with running_node(tmp_path, dicomweb=polled(fake)) as running:
        running.wait_for(Delayed)
        fake.fault = lambda _: None
        running.wait_for(Finished)
        assert running.of(Dead) == []


def test_results_of_before_still_find_the_archive(fake: FakeArchive, tmp_path: Path) -> None:
    fake.add(radiograph())
    fake.fault = lambda asked: Answer(503) if asked.method == "POST" else None
    with running_node(tmp_path, dicomweb=polled(fake)) as running:
        running.wait_for(Delayed)
    fake.fault = lambda _: None
    with running_node(tmp_path, "X@127.0.0.1:1") as running:
        running.wait_for(Finished)
    assert results_of(*headers(radiograph())) <= set(fake.objects)


def test_a_node_started_again_fetches_nothing_twice(fake: FakeArchive, tmp_path: Path) -> None:
    fake.add(radiograph())
    with running_node(tmp_path, dicomweb=polled(fake)) as running:
        running.wait_for(Finished)
    fake.add(radiograph(2))
    with running_node(tmp_path, dicomweb=polled(fake)) as running:
        running.wait_for(Finished)
        assert running.maker.seen == [headers(radiograph(2))[0].SOPInstanceUID]


URL = "http://127.0.0.1:8042/dicom-web"
FILE = f"""
[dicomweb]
url = "{URL}"
days = 9
ca = "ca.pem"
"""


def test_the_archive_in_a_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").write_text("")
    (tmp_path / "node.toml").write_text(FILE)
    monkeypatch.setenv("PNEUMOSCOPE_DICOMWEB_TOKEN", "Qz-token")
    settings = read_settings(tmp_path / "node.toml")
    assert settings.dicomweb == DicomWeb(URL, days=9, token="Qz-token", ca=tmp_path / "ca.pem")
    assert settings.route("ANY") == (URL,)
    assert "Qz-token" not in repr(settings)
    other = read_settings(tmp_path / "node.toml", archive="http://127.0.0.1:9/web").dicomweb
    assert other == DicomWeb("http://127.0.0.1:9/web", days=9, ca=tmp_path / "ca.pem")
    assert read_settings(None, archive=URL).dicomweb == DicomWeb(URL)


@pytest.mark.parametrize(
    "line",
    [
        'dicomweb = "http://127.0.0.1"',
        '[dicomweb]\ntoken = "Qz-secret"',
        f'[dicomweb]\nurl = "{URL}"\npassword = 4711',
        f'[dicomweb]\nurl = "{URL}"\ntokens = "Qz-secret"',
        f'[dicomweb]\nurl = "{URL}"\ndays = "Qz"',
    ],
)
def test_a_mistake_in_it_is_said_without_secrets(tmp_path: Path, line: str) -> None:
    (tmp_path / "node.toml").write_text(line)
    with pytest.raises(SettingsError) as caught:
        read_settings(tmp_path / "node.toml")
    said = f"{caught.value}{json.dumps(caught.value.to_notice().to_dict())}"
    assert "secret" not in said
    assert "4711" not in said
