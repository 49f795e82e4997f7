"""Scoring what an archive finds by DICOMweb: rows as of files, and errors where they belong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest
from pydicom.uid import ComprehensiveSRStorage

from pneumoscope import score
from pneumoscope.errors import DataError, ImageError, PeerError, SettingsError
from pneumoscope.pseudonym import uid_pseudonym
from pneumoscope.scale import fetch
from pneumoscope.scale.fetch import Fetcher
from pneumoscope.scale.query import parse_query
from pneumoscope.scored.plan import PLAN
from tests.node.archive import Answer, Asked, FakeArchive, serving
from tests.node.orthanc import SITE, running_orthanc
from tests.node.radiographs import SERIES, STUDY, UID, radiograph
from tests.scale.conftest import rows_of

IMAGES = 6


@pytest.fixture
def web() -> Iterator[FakeArchive]:
    with serving() as archive:
        archive.add(*(radiograph(number, PatientID="Qz-id") for number in range(IMAGES)))
        yield archive


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again without pauses, also in the processes that score."""
    monkeypatch.setattr(fetch, "PAUSES", (0.0, 0.0))
    program = (
        "import sys; from pneumoscope.scale import fetch; fetch.PAUSES = (0.0, 0.0); "
        "from pneumoscope.scale.worker import main; main(int(sys.argv[1]))"
    )
    monkeypatch.setattr("pneumoscope.scale.pool.PROGRAM", (sys.executable, "-c", program))


def without_names(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    named = {"path", "error", "instance"}
    plain = [{key: row[key] for key in row if key not in named} for row in rows]
    return sorted(plain, key=lambda row: row["sha256"])


def of(instance: int, answer: Answer) -> Any:
    """Makes a fault of the retrieval of one instance."""
    return lambda asked: answer if asked.path.endswith(f"/instances/{UID}.{instance}") else None


def test_rows_are_those_of_the_same_files(web: FakeArchive, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    for uid, data in web.objects.items():
        (tmp_path / "files" / f"{uid}.dcm").write_bytes(data)
    score(bundle, tmp_path / "files", tmp_path / "of_files", workers=1)
    found = score(bundle, web.url, tmp_path / "scored", workers=1)
    rows = rows_of(tmp_path / "scored")
    assert found.scored == found.images == IMAGES
    assert without_names(rows) == without_names(rows_of(tmp_path / "of_files"))
    assert {row["path"] for row in rows} == {uid_pseudonym(uid) for uid in web.objects}
    assert all(row["path"] == row["instance"] for row in rows)
    told = b"".join(
        path.read_bytes() for path in (tmp_path / "scored").iterdir() if path.name != "list.parquet"
    )
    for secret in (UID, STUDY, SERIES, "Qz-"):
        assert secret.encode() not in told


def test_uids_are_kept_where_they_are_asked_for(
    web: FakeArchive, bundle: Path, tmp_path: Path
) -> None:
    score(bundle, web.url, tmp_path / "scored", workers=1, keep_uids=True)
    paths = [row["path"] for row in rows_of(tmp_path / "scored")]
    assert paths == [f"{STUDY}/{SERIES}/{UID}.{number}" for number in range(IMAGES)]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(404), "archive-missing"),
        (Answer(403), "archive-denied"),
        (Answer(406), "archive-refused"),
        (Answer(503), "archive-away"),
        (Answer(body=b"Qz-rubbish"), "archive-answer"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_an_instance_that_cannot_be_fetched_has_a_row(
    web: FakeArchive, bundle: Path, tmp_path: Path, answer: Answer, code: str
) -> None:
    web.fault = of(2, answer)
    found = score(bundle, web.url, tmp_path / "scored", workers=1)
    assert found.errors == {code: 1}
    assert found.scored == IMAGES
    (row,) = (row for row in rows_of(tmp_path / "scored") if row["error"])
    assert row["path"] == uid_pseudonym(f"{UID}.2")
    assert UID not in row["error"]
    assert "Qz-" not in row["error"]


@pytest.mark.usefixtures("impatient")
def test_an_archive_that_goes_away_ends_the_work_and_it_goes_on(
    web: FakeArchive, bundle: Path, tmp_path: Path
) -> None:
    asked = 0

    def away(one: Asked) -> Answer | None:
        nonlocal asked
        asked += "/instances/" in one.path
        return Answer(503) if asked > 2 else None

    web.fault = away
    for _ in range(3):  # which sets no image aside
        with pytest.raises(PeerError) as caught:
            score(bundle, web.url, tmp_path / "scored", workers=1)
        assert caught.value.code == "archive-away"
    web.fault = lambda _: None
    found = score(bundle, web.url, tmp_path / "scored", workers=1)
    assert found.scored == IMAGES
    assert not found.errors


DIES_ONCE = """
import os, signal, sys
from pathlib import Path
from pneumoscope.inference import Predictor
read = Predictor.read
def deadly(self, image):
    if not os.path.exists("died"):
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return read(self, image)
Predictor.read = deadly
from pneumoscope.scale.worker import main
main(int(sys.argv[1]))
"""


def test_a_process_that_was_killed_loses_no_row(
    web: FakeArchive, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pneumoscope.scale.pool.PROGRAM", (sys.executable, "-c", DIES_ONCE))
    found = score(bundle, web.url, tmp_path / "scored", workers=1)
    assert Path("died").exists()
    assert found.scored == IMAGES
    assert not found.errors


def test_what_is_no_radiograph_is_not_listed(
    web: FakeArchive, bundle: Path, tmp_path: Path
) -> None:
    web.add(radiograph(9, SOPClassUID=ComprehensiveSRStorage, Modality="SR"))
    found = score(bundle, web.url, tmp_path / "scored", workers=1)
    assert (found.images, found.strays) == (IMAGES, 1)


def test_what_has_several_frames_is_a_row(web: FakeArchive, bundle: Path, tmp_path: Path) -> None:
    web.add(radiograph(9, NumberOfFrames=2))
    found = score(bundle, web.url, tmp_path / "scored", workers=1)
    assert found.scored == IMAGES + 1
    assert found.status["error"] == 1


def test_a_query_that_finds_nothing(web: FakeArchive, bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        score(bundle, f"{web.url}?ModalitiesInStudy=DX", tmp_path / "scored")
    assert caught.value.code == "data-empty"
    assert not (tmp_path / "scored" / PLAN).exists()


def test_another_query_is_refused(web: FakeArchive, bundle: Path, tmp_path: Path) -> None:
    score(bundle, web.url, tmp_path / "scored", workers=1)
    score(bundle, f"{web.url}/?ModalitiesInStudy=DX,CR", tmp_path / "scored", workers=1)
    with pytest.raises(SettingsError) as caught:
        score(bundle, f"{web.url}?ModalitiesInStudy=CR", tmp_path / "scored")
    assert caught.value.code == "plan-differs"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(401), "archive-denied"),
        (Answer(503), "archive-away"),
        (Answer(body=b"no JSON"), "archive-answer"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_an_archive_that_cannot_be_searched(
    web: FakeArchive, bundle: Path, tmp_path: Path, answer: Answer, code: str
) -> None:
    web.fault = lambda _: answer
    with pytest.raises(PeerError) as caught:
        score(bundle, web.url, tmp_path / "scored")
    assert caught.value.code == code


@pytest.mark.usefixtures("impatient")
def test_an_archive_that_is_away_for_a_moment(web: FakeArchive) -> None:
    answers = iter([Answer(503), None])
    web.fault = lambda _: next(answers)
    source = Fetcher(web.url).fetch(f"{STUDY}/{SERIES}/{UID}.1", "one")
    assert source.data == web.objects[f"{UID}.1"]


def test_what_is_gone(web: FakeArchive) -> None:
    with pytest.raises(ImageError) as caught:
        Fetcher(web.url).fetch(f"{STUDY}/{SERIES}/1.2", "one")
    assert caught.value.code == "archive-missing"


@pytest.mark.parametrize(
    "query",
    [
        "PatientName=Qz-name",
        "studydate=20240101",
        "StudyDate=2024",
        "StudyDate=",
        "StudyDate=20240101&StudyDate=20250101",
        "ModalitiesInStudy=cr",
    ],
)
def test_keys_that_are_not_used(query: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_query(f"https://pacs.example/dicom-web?{query}")
    assert "Qz-" not in str(caught.value)


@pytest.mark.parametrize("address", ["ftp://pacs.example", "https://", "https://u:p@pacs.example"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(SettingsError):
        parse_query(address)


def test_one_query_has_one_address() -> None:
    written = "https://pacs.example/dicom-web/?StudyDate=2024%30101-&ModalitiesInStudy=DX,CR"
    query = parse_query(written)
    assert query.address == (
        "https://pacs.example/dicom-web?ModalitiesInStudy=CR,DX&StudyDate=20240101-"
    )
    assert parse_query(query.address) == query


def test_a_folder_of_images_is_of_lists_alone(
    web: FakeArchive, bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="`root`"):
        score(bundle, web.url, tmp_path / "scored", root=tmp_path)


def test_what_orthanc_has_is_scored(bundle: Path, tmp_path: Path) -> None:
    files = [radiograph(number, PatientID="1") for number in range(3)]
    with running_orthanc({}) as orthanc:
        for data in files:
            orthanc.send(Request(f"{SITE}/instances", data))
        given = (bundle, f"{SITE}/dicom-web", "--output", tmp_path / "scored", "--workers", 1)
        orthanc.run(sys.executable, "-m", "pneumoscope", "score", *given)
    rows = rows_of(tmp_path / "scored")
    assert {row["path"] for row in rows} == {uid_pseudonym(f"{UID}.{each}") for each in range(3)}
    assert {row["sha256"] for row in rows} == {sha256(data).hexdigest() for data in files}
