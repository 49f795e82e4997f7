"""What an archive answers, whole or broken, and what its errors say."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import socket
import ssl
import subprocess
import traceback
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread

from pneumoscope.dicomweb import session
from pneumoscope.dicomweb.archive import Archive, Instance, Study
from pneumoscope.errors import PeerError, SettingsError
from pneumoscope.node.access import DicomWeb
from tests.imaging.dicoms import LOSSLESS
from tests.node.archive import MULTIPART, Answer, Asked, FakeArchive, serving
from tests.node.radiographs import NAME, SERIES, STUDY, UID, radiograph

TIMEOUT = 10.0
CR = "1.2.840.10008.5.1.4.1.1.1"
ONE = Instance(STUDY, SERIES, f"{UID}.1", CR, "")
TODAY = date.today()


@pytest.fixture
def fake() -> Iterator[FakeArchive]:
    with serving() as archive:
        yield archive


@pytest.fixture
def archive(fake: FakeArchive) -> Iterator[Archive]:
    with Archive(DicomWeb(fake.url), TIMEOUT) as made:
        yield made


def find_all(archive: Archive) -> list[Instance]:
    studies = archive.find_studies("CR", TODAY)
    return [instance for study in studies for instance in archive.find_instances(study)]


def retrieve(archive: Archive) -> bytes:
    return archive.retrieve(ONE)


def store(archive: Archive) -> int:
    return archive.store(radiograph())


Ask = Callable[[Archive], object]


def test_what_is_there_is_found_page_by_page_and_each_once(
    fake: FakeArchive, archive: Archive
) -> None:
    for number in range(7):
        study, series = f"{STUDY}.{number // 3}", f"{SERIES}.{number}"
        fake.add(radiograph(number, StudyInstanceUID=study, SeriesInstanceUID=series))
    fake.page = 2
    studies = list(archive.find_studies("CR", TODAY))
    assert studies == [
        Study(f"{STUDY}.0", (3, 3)),
        Study(f"{STUDY}.1", (3, 3)),
        Study(f"{STUDY}.2", (1, 1)),
    ]
    found = [instance for study in studies for instance in archive.find_instances(study)]
    assert [instance.uid for instance in found] == [f"{UID}.{number}" for number in range(7)]
    assert found[4] == Instance(f"{STUDY}.1", f"{SERIES}.4", f"{UID}.4", CR, "")


def test_an_archive_that_knows_no_pages_is_asked_twice(fake: FakeArchive, archive: Archive) -> None:
    fake.add(radiograph())
    rows = fake.answer(
        Asked(
            "GET",
            "/dicom-web/studies",
            {
                "ModalitiesInStudy": ["CR"],
                "StudyDate": ["0-"],
                "limit": ["9"],
            },
            {},
        ),
        b"",
    )
    fake.fault = lambda _: rows
    fake.asked.clear()
    assert len(list(archive.find_studies("CR", TODAY))) == 1
    assert len(fake.asked) == 2


def test_modality_and_date_are_asked_for(fake: FakeArchive, archive: Archive) -> None:
    old = TODAY - timedelta(9)
    fake.add(
        radiograph(1, StudyInstanceUID="1.1", Modality="DX"),
        radiograph(2, StudyInstanceUID="1.2", StudyDate=f"{old:%Y%m%d}"),
    )
    assert list(archive.find_studies("CR", TODAY)) == []
    assert [study.uid for study in archive.find_studies("DX", TODAY)] == ["1.1"]
    assert [study.uid for study in archive.find_studies("CR", old)] == ["1.2"]


def test_a_study_that_is_not_counted_has_no_size(fake: FakeArchive, archive: Archive) -> None:
    row = {"0020000D": {"vr": "UI", "Value": [STUDY]}, "00201208": {"vr": "IS"}}
    fake.fault = lambda _: Answer(body=json.dumps([row]).encode())
    assert list(archive.find_studies("CR", TODAY)) == [Study(STUDY, None)]


@pytest.mark.parametrize("uid", ["", "../../secret", "1.2/3", "1" * 65, "1.2?x"])
def test_what_is_no_uid_is_left_out(fake: FakeArchive, archive: Archive, uid: str) -> None:
    row = {"0020000D": {"vr": "UI", "Value": [uid]}}
    fake.fault = lambda _: Answer(body=json.dumps([row]).encode())
    assert list(archive.find_studies("CR", TODAY)) == []


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_an_instance_arrives_as_it_is_stored(
    fake: FakeArchive, archive: Archive, syntax: str
) -> None:
    data = radiograph(1, syntax)
    fake.add(data)
    assert archive.retrieve(ONE) == data
    assert fake.asked[-1].headers["Accept"].endswith("transfer-syntax=*")


def test_a_part_that_is_sent_alone_is_taken(fake: FakeArchive, archive: Archive) -> None:
    fake.fault = lambda _: Answer(body=radiograph(), content_type="application/dicom")
    assert archive.retrieve(ONE) == radiograph()


def test_what_is_stored_is_there(fake: FakeArchive, archive: Archive) -> None:
    assert archive.store(radiograph()) == 0
    assert dcmread(BytesIO(fake.objects[f"{UID}.1"])) == dcmread(BytesIO(radiograph()))


def of_sequence(keyword: str, **values: int) -> bytes:
    tags = {"FailedSOPSequence": "00081198", "ReferencedSOPSequence": "00081199"}
    reasons = {"FailureReason": "00081197", "WarningReason": "00081196"}
    item = {reasons[name]: {"vr": "US", "Value": [value]} for name, value in values.items()}
    item["00081155"] = {"vr": "UI", "Value": [f"{UID}.1"]}
    return json.dumps({tags[keyword]: {"vr": "SQ", "Value": [item]}}).encode()


def test_a_warning_is_no_failure(fake: FakeArchive, archive: Archive) -> None:
    body = of_sequence("ReferencedSOPSequence", WarningReason=0xB000)
    fake.fault = lambda _: Answer(202, body)
    assert archive.store(radiograph()) == 0xB000


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (200, 0x0122, "archive-refused"),
        (202, 0xC000, "archive-refused"),
        (200, 0xA700, "archive-away"),
        (409, 0x0110, "archive-refused"),
        (409, 0xA701, "archive-away"),
    ],
)
def test_what_is_not_stored_is_said(
    fake: FakeArchive, archive: Archive, status: int, reason: int, code: str
) -> None:
    body = of_sequence("FailedSOPSequence", FailureReason=reason)
    fake.fault = lambda _: Answer(status, body)
    with pytest.raises(PeerError) as caught:
        archive.store(radiograph())
    assert caught.value.code == code
    assert caught.value.values["reason"] == reason


def multipart(body: bytes, **changes: str) -> Answer:
    return Answer(body=body, content_type=changes.get("content_type", MULTIPART))


def whole(*parts: bytes, end: bytes = b"--") -> bytes:
    mark = b"--part-of-the-archive"
    return b"".join(mark + b"\r\n\r\n" + part + b"\r\n" for part in parts) + mark + end


SECRET = f"{NAME} {UID}".encode()
SHORT = b"\0" * 128 + b"DICM" + SECRET
STATUSES = {
    400: "archive-refused",
    401: "archive-denied",
    403: "archive-denied",
    404: "archive-missing",
    406: "archive-refused",
    408: "archive-away",
    409: "archive-refused",
    413: "archive-refused",
    429: "archive-away",
    500: "archive-failed",
    501: "archive-failed",
    502: "archive-away",
    503: "archive-away",
    504: "archive-away",
    507: "archive-away",
}
REDIRECTION = Answer(307, headers={"Location": "http://127.0.0.1:9/elsewhere"})
EVERYWHERE = {
    **{f"status {status}": (Answer(status, SECRET), code) for status, code in STATUSES.items()},
    "redirection": (REDIRECTION, "archive-missing"),
    "cut off": (Answer(body=SECRET * 9, cut=5), "archive-away"),
    "encoded": (Answer(body=SECRET, headers={"Content-Encoding": "gzip"}), "archive-answer"),
}
IN_A_SEARCH = {
    "no JSON": Answer(body=SECRET),
    "half of it": Answer(body=b'[{"0020000D": {"vr": "UI", '),
    "other JSON": Answer(body=b'["Qz-name"]'),
    "a number": Answer(body=b"7"),
    "an odd value": Answer(body=b'[{"0020000D": "Qz-name"}]'),
    "no UTF-8": Answer(body=b'["\xff"]'),
}
IN_A_RETRIEVAL = {
    "nothing": Answer(content_type=MULTIPART),
    "no part": multipart(whole()),
    "no end": multipart(whole(SHORT, end=b"")),
    "half a part": multipart(b"--part-of-the-archive\r\n\r\n" + SHORT),
    "two parts": multipart(whole(SHORT, SHORT)),
    "no boundary": multipart(whole(SHORT), content_type="multipart/related"),
    "no DICOM": multipart(whole(SECRET)),
    "a page": Answer(body=b"<p>Qz-name", content_type="text/html"),
}
IN_A_STORAGE = {
    "no JSON": Answer(body=SECRET),
    "no XML": Answer(body=SECRET, content_type="application/dicom+xml"),
    "an odd value": Answer(body=b'{"00081198": {"vr": "SQ", "Value": [3]}}'),
}


BROKEN = {
    **{f"{name} in a search": (find_all, answer) for name, answer in IN_A_SEARCH.items()},
    **{f"{name} in a retrieval": (retrieve, answer) for name, answer in IN_A_RETRIEVAL.items()},
    **{f"{name} in a storage": (store, answer) for name, answer in IN_A_STORAGE.items()},
}


def says_nothing_of_the_patient(error: PeerError) -> None:
    shown = "".join(traceback.format_exception(error))
    assert "Qz" not in shown
    assert "826.77" not in shown
    assert "826.77" not in f"{error.values}{error.to_notice()}"


@pytest.mark.parametrize(("answer", "code"), EVERYWHERE.values(), ids=EVERYWHERE)
@pytest.mark.parametrize("ask", [find_all, retrieve, store])
def test_a_failure_has_a_code_and_names_nobody(
    fake: FakeArchive,
    archive: Archive,
    ask: Ask,
    answer: Answer,
    code: str,
) -> None:
    fake.fault = lambda _: answer
    with pytest.raises(PeerError) as caught:
        ask(archive)
    assert caught.value.code == code
    says_nothing_of_the_patient(caught.value)
    assert len(fake.asked) == 1  # tried again by whoever asks, and not followed elsewhere


@pytest.mark.parametrize(("ask", "answer"), BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_none(
    fake: FakeArchive, archive: Archive, ask: Ask, answer: Answer
) -> None:
    fake.fault = lambda _: answer
    with pytest.raises(PeerError) as caught:
        ask(archive)
    assert caught.value.code == "archive-answer"
    says_nothing_of_the_patient(caught.value)


def test_an_answer_without_an_end_is_given_up(
    fake: FakeArchive, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.add(radiograph())
    clock = itertools.count(0, 601)
    monkeypatch.setattr(session, "monotonic", lambda: next(clock))
    with pytest.raises(PeerError) as caught:
        archive.retrieve(ONE)
    assert caught.value.code == "archive-away"


def test_an_answer_is_read_up_to_a_limit(
    fake: FakeArchive, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.add(radiograph())
    size = len(
        fake.answer(
            Asked("GET", f"/dicom-web/studies/{STUDY}/series/s/instances/{UID}.1", {}, {}), b""
        ).body
    )
    monkeypatch.setattr(session, "MOST_BYTES", size)
    assert archive.retrieve(ONE) == radiograph()
    monkeypatch.setattr(session, "MOST_BYTES", size - 1)
    with pytest.raises(PeerError) as caught:
        archive.retrieve(ONE)
    assert caught.value.code == "archive-answer"


def test_nobody_there_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        Archive(DicomWeb(f"http://127.0.0.1:{port}/dicom-web"), TIMEOUT) as archive,
        pytest.raises(PeerError) as caught,
    ):
        find_all(archive)
    assert caught.value.code == "archive-away"


def test_a_silent_archive_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with (
            Archive(DicomWeb(f"http://127.0.0.1:{port}/dicom-web"), 0.2) as archive,
            pytest.raises(PeerError) as caught,
        ):
            archive.retrieve(ONE)
    assert caught.value.code == "archive-away"
    says_nothing_of_the_patient(caught.value)


BASIC = base64.b64encode("zoé:größe:".encode()).decode()


@pytest.mark.parametrize(
    ("login", "header"),
    [
        ({}, None),
        ({"token": "Qz-token"}, "Bearer Qz-token"),
        ({"user": "zoé", "password": "größe:"}, f"Basic {BASIC}"),
    ],
)
def test_the_login_is_sent_and_never_said(
    fake: FakeArchive,
    login: dict[str, str],
    header: str | None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    settings = DicomWeb(fake.url, **login)
    with Archive(settings, TIMEOUT) as archive:
        assert find_all(archive) == []
        assert fake.asked[-1].headers.get("Authorization") == header
        fake.fault = lambda _: Answer(401)
        with pytest.raises(PeerError) as caught:
            find_all(archive)
    said = f"{settings}{settings!r}{caught.value}{caught.value.values}"
    assert [word for word in login.values() if word in said] == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=archive", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", path.with_name("key.pem"), "-out", path.with_name("ca.pem")),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.with_name("key.pem").read_text() + path.with_name("ca.pem").read_text())
    return path


def test_a_certificate_is_checked_against_the_authority(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    ca = certificate.with_name("ca.pem")
    with serving(context) as fake:
        fake.add(radiograph())
        with Archive(DicomWeb(fake.url, ca=ca), TIMEOUT) as archive:
            assert archive.retrieve(ONE) == radiograph()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))
        with (
            Archive(DicomWeb(fake.url), TIMEOUT) as archive,
            pytest.raises(PeerError) as caught,
        ):
            archive.retrieve(ONE)
    assert caught.value.code == "archive-untrusted"
    says_nothing_of_the_patient(caught.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"url": "ORTHANC@127.0.0.1:4242"}, "such as https"),
        ({"url": "ftp://127.0.0.1/dicom-web"}, "such as https"),
        ({"url": "http:///dicom-web"}, "such as https"),
        ({"url": "http://127.0.0.1/dicom-web?token=Qz"}, "such as https"),
        ({"url": "http://me:Qz@127.0.0.1/dicom-web"}, "holds a user"),
        ({"user": "me"}, "log in"),
        ({"password": "Qz"}, "log in"),
        ({"user": "me", "password": "Qz", "token": "Qz"}, "log in"),
        ({"ca": Path("no.pem")}, "no file no.pem"),
        ({"days": -1}, "out of range"),
        ({"pause": 0.5}, "out of range"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object], expected: str) -> None:
    with pytest.raises(SettingsError, match=expected) as caught:
        DicomWeb(**{"url": "http://127.0.0.1:8042/dicom-web", **changes})
    assert "Qz" not in str(caught.value)
