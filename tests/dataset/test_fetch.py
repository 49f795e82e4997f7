"""Downloads survive servers that cut connections, send wrong bytes or move."""

from __future__ import annotations

import hashlib
import io
import stat
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from pneumoscope import download as download_module
from pneumoscope import unpack as unpack_module
from pneumoscope.dataset import scan
from pneumoscope.dataset.fetch import ATTRIBUTION, PublicData, fetch, find_public_data
from pneumoscope.download import Archive, download
from pneumoscope.errors import (
    DataError,
    DependencyError,
    FetchError,
    SettingsError,
    StorageError,
)
from pneumoscope.unpack import unpack

BODY = bytes(range(256)) * 4096  # 1 MiB


@dataclass
class Server:
    """Behaviour of a server on this machine, request by request."""

    body: bytes = BODY
    etag: str = '"one"'
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)  # so many bytes of each answer, then silence
    statuses: list[int] = field(default_factory=list)  # answered before anything else
    location: str = ""
    announces: int | None = None  # instead of the size of the body
    answer_range: str = ""  # a Content-Range that is not true
    stalls: int = 0  # so many answers that never end
    going: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str | None, str | None]] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        plan: Server = self.server.plan  # type: ignore[attr-defined]
        plan.asked.append((self.headers["Range"], self.headers["If-Range"]))
        if plan.statuses:
            self.send_response(plan.statuses.pop(0))
            if plan.location:
                self.send_header("Location", plan.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        wanted = self.headers["Range"]
        if plan.ranges and wanted and self.headers["If-Range"] in (None, plan.etag):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        rest = plan.body[start:]
        self.send_response(206 if start else 200)
        if plan.etag:
            self.send_header("ETag", plan.etag)
        if start:
            true = f"bytes {start}-{len(plan.body) - 1}/{len(plan.body)}"
            self.send_header("Content-Range", plan.answer_range or true)
        if plan.announces != -1:
            self.send_header("Content-Length", str(plan.announces or len(rest)))
        self.end_headers()
        with suppress(ConnectionError):  # whoever asked has seen enough
            self.wfile.write(rest[: plan.cuts.pop(0)] if plan.cuts else rest)
        if plan.stalls:
            plan.stalls -= 1
            plan.going.wait(10)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    plan = Server()
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.plan = plan  # type: ignore[attr-defined]
    plan.url = f"http://127.0.0.1:{running.server_port}/file.zip"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield plan
    plan.going.set()
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(download_module, "TIMEOUT", 5.0)


def archive_of(server: Server, body: bytes = BODY) -> Archive:
    return Archive(server.url, len(body), hashlib.sha256(body).hexdigest())


def test_download_over_one_connection(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    target = tmp_path / "new" / "file"
    download(archive_of(server), target, lambda *call: seen.append(call))
    assert target.read_bytes() == BODY
    assert seen == sorted(seen)
    assert seen[-1] == (len(BODY), len(BODY))
    download(archive_of(server), target)
    assert len(server.asked) == 1  # it is there: nobody is asked again


def test_cut_connections_are_resumed(server: Server, tmp_path: Path) -> None:
    server.cuts = [300_000, 1, 400_000]
    download(archive_of(server), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY
    assert [asked for asked, _ in server.asked] == [
        None,
        "bytes=300000-",
        "bytes=300001-",
        "bytes=700001-",
    ]
    assert {condition for _, condition in server.asked[1:]} == {server.etag}


def test_a_later_call_resumes(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_module, "ATTEMPTS", 1)
    server.cuts = [300_000, 0]
    with pytest.raises(FetchError, match=r"cut at 300000 of 1048576 bytes.*goes on where it was"):
        download(archive_of(server), tmp_path / "file")
    assert (tmp_path / "file").stat().st_size == 300_000
    download(archive_of(server), tmp_path / "file")
    assert server.asked[-1] == ("bytes=300000-", server.etag)
    assert (tmp_path / "file").read_bytes() == BODY


RESUMES = {
    "ignores ranges": {"ranges": False},
    "has another file now": {"etag": '"two"'},
    "has a weak tag": {"etag": 'W/"one"'},
    "has no tag": {"etag": ""},
    "announces no size": {"announces": -1},
}


@pytest.mark.parametrize("case", RESUMES)
def test_servers_that_do_not_resume(case: str, server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(BODY[:1000])
    (tmp_path / "file.etag").write_text('"one"')
    for name, value in RESUMES[case].items():
        setattr(server, name, value)
    server.cuts = [500]
    download(archive_of(server), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY


def test_a_file_that_is_too_long_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(BODY + b"more")
    download(archive_of(server), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(status: int, server: Server, tmp_path: Path) -> None:
    server.statuses = [status, status]
    download(archive_of(server), tmp_path / "file")
    assert len(server.asked) == 3


def test_a_connection_without_answer(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_module, "TIMEOUT", 0.2)
    server.cuts, server.stalls = [1000], 1
    download(archive_of(server), tmp_path / "file")
    assert server.asked[-1] == ("bytes=1000-", server.etag)


def test_it_ends_after_connections_without_a_new_byte(server: Server, tmp_path: Path) -> None:
    server.statuses = [503] * 99
    with pytest.raises(FetchError, match="the server says 503"):
        download(archive_of(server), tmp_path / "file")
    assert len(server.asked) == download_module.ATTEMPTS


@pytest.mark.parametrize("status", [401, 403, 404, 410, 416])
def test_a_server_that_refuses_is_not_asked_again(
    status: int, server: Server, tmp_path: Path
) -> None:
    server.statuses = [status]
    with pytest.raises(FetchError, match=f"the server says {status}") as caught:
        download(archive_of(server), tmp_path / "file")
    assert caught.value.remedy
    assert len(server.asked) == 1


def test_wrong_bytes_are_deleted(server: Server, tmp_path: Path) -> None:
    server.body = bytes(len(BODY))
    with pytest.raises(FetchError, match=r"not what was published.*begins anew"):
        download(archive_of(server), tmp_path / "file")
    assert not (tmp_path / "file").exists()
    server.body = BODY
    download(archive_of(server), tmp_path / "file")


@pytest.mark.parametrize("size", [10, len(BODY) + 1])
def test_wrong_size_is_seen_before_anything_is_read(
    size: int, server: Server, tmp_path: Path
) -> None:
    server.body = bytes(size)
    with pytest.raises(FetchError, match=rf"offers another file.*Received {size} bytes"):
        download(archive_of(server), tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_more_bytes_than_announced(server: Server, tmp_path: Path) -> None:
    server.body = BODY + b"more"
    server.announces = -1
    with pytest.raises(FetchError, match="Received more"):
        download(archive_of(server), tmp_path / "file")


@pytest.mark.parametrize(
    "answer",
    ["bytes 7-1048575/1048576", "bytes 1000-1999/2000", "bytes 1000-1048575/*", "nonsense"],
)
def test_another_range_than_was_asked_for(answer: str, server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(BODY[:1000])
    server.answer_range = answer
    with pytest.raises(FetchError, match="offers another file"):
        download(archive_of(server), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY[:1000]


def test_a_server_that_moved(server: Server, tmp_path: Path) -> None:
    server.statuses, server.location = [302], "/elsewhere"
    download(archive_of(server), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY


@pytest.mark.parametrize("where", ["ftp://127.0.0.1/file", "file:///etc/passwd"])
def test_redirects_to_unsafe_addresses(where: str, server: Server, tmp_path: Path) -> None:
    server.statuses, server.location = [302], where
    with pytest.raises(FetchError, match=r"not safe.*Received ftp:|not allowed"):
        download(archive_of(server), tmp_path / "file")


def test_https_never_leads_to_http() -> None:
    handler = download_module._SameScheme()
    request = download_module.urllib.request.Request("https://example.org/a")
    with pytest.raises(FetchError, match="not safe"):
        handler.redirect_request(request, None, 302, "Found", {}, "http://example.org/b")
    followed = handler.redirect_request(request, None, 302, "Found", {}, "https://example.net/b")
    assert followed is not None


def test_redirects_without_end(server: Server, tmp_path: Path) -> None:
    server.statuses, server.location = [302] * 99, "/file.zip"
    with pytest.raises(FetchError, match="the server says 302"):
        download(archive_of(server), tmp_path / "file")


def test_no_server(server: Server, tmp_path: Path) -> None:
    closed = replace(archive_of(server), url="http://127.0.0.1:1/file")
    with pytest.raises(FetchError, match=r"file: Connection refused\. Check the connection"):
        download(closed, tmp_path / "file")


def test_a_wrong_certificate_is_not_tried_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = download_module.ssl.SSLCertVerificationError(1, "bad")
    error.verify_message = "self-signed certificate"
    calls = []

    class Opener:
        def open(self, *_: object, **__: object) -> None:
            calls.append(1)
            raise download_module.urllib.error.URLError(error)

    monkeypatch.setattr(download_module, "_opener", Opener)
    with pytest.raises(FetchError, match=r"self-signed certificate.*clock"):
        download(archive_of(server), tmp_path / "file")
    assert len(calls) == 1


def test_too_little_space(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 2 * len(BODY) - 1})
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match="too little space"):
        download(archive_of(server), tmp_path / "file")
    assert server.asked == []
    usage.free += 1
    download(archive_of(server), tmp_path / "file")


# Archives


def zipped(members: dict[str | zipfile.ZipInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def special(name: str, mode: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    return member


def encrypted() -> bytes:
    data = bytearray(zipped({"a": b"a"}))
    data[6] |= 1  # general purpose flags of the local header and of the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def damaged() -> bytes:
    data = bytearray(zipped({"a": bytes(range(256))}))
    data[60] ^= 255
    return bytes(data)


BAD_ARCHIVES = {
    "up": (zipped({"../a": b""}), "cannot be trusted"),
    "up within": (zipped({"a/../../b": b""}), "cannot be trusted"),
    "absolute": (zipped({"/a": b""}), "cannot be trusted"),
    "drive": (zipped({"C:/a": b""}), "cannot be trusted"),
    "backslash": (zipped({"..\\a": b""}), "cannot be trusted"),
    "link": (zipped({special("a", stat.S_IFLNK | 0o777): b"/etc"}), "cannot be trusted"),
    "device": (zipped({special("a", stat.S_IFCHR | 0o666): b""}), "cannot be trusted"),
    "encrypted": (encrypted(), "cannot be trusted"),
    "bomb": (zipped({"a": bytes(10_000_000)}), "holds too much"),
    "one name twice": (zipped({"a": b"1", "A": b"2"}), "two files of one name"),
    "no archive": (b"<html>", "broken archive"),
    "cut": (zipped({"a": BODY})[:-30], "broken archive"),
    "damaged": (damaged(), "broken archive"),
}


@pytest.mark.parametrize("case", BAD_ARCHIVES)
def test_archives_that_are_not_unpacked(case: str, tmp_path: Path) -> None:
    content, reason = BAD_ARCHIVES[case]
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match=reason):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


def test_limits_of_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"a": b"1", "b": b"2"}))
    monkeypatch.setattr(unpack_module, "MAX_FILES", 2)
    unpack(tmp_path / "a.zip", tmp_path / "two")
    monkeypatch.setattr(unpack_module, "MAX_FILES", 1)
    with pytest.raises(DataError, match="holds too much"):
        unpack(tmp_path / "a.zip", tmp_path / "one")


# Sources


IMAGES = {
    "chest_xray/train/NORMAL/IM-0001-0001.jpeg": b"1",
    "chest_xray/train/PNEUMONIA/person1_virus_1.jpeg": b"2",
    "chest_xray/train/.DS_Store": b"3",
    "__MACOSX/chest_xray/train/NORMAL/._IM-0001-0001.jpeg": b"4",
}


def source_of(server: Server, body: bytes) -> PublicData:
    server.body = body
    return PublicData(
        "s", "Title", "Who", "CC BY", "https://l", "https://p", archive_of(server, body)
    )


def test_a_data_set_arrives_whole_and_with_its_attribution(server: Server, tmp_path: Path) -> None:
    source = source_of(server, zipped(IMAGES))
    (tmp_path / "out").mkdir()
    done: list[tuple[int, int]] = []
    fetch(source, tmp_path / "out", unpacking=lambda *call: done.append(call))
    assert done == [(1, 2), (2, 2)]
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
    note = (tmp_path / "out" / ATTRIBUTION).read_text()
    assert source.archive is not None
    for text in ("Title", "Who", "CC BY", "https://l", "https://p", source.archive.sha256):
        assert text in note
    assert len(scan(tmp_path / "out").records) == 2
    fetch(source, tmp_path / "out")
    assert len(server.asked) == 1


def test_killed_while_unpacking_it_does_not_fetch_again(server: Server, tmp_path: Path) -> None:
    source = source_of(server, zipped(IMAGES))

    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(source, tmp_path / "out", unpacking=stop)
    assert not (tmp_path / "out").exists()
    fetch(source, tmp_path / "out")
    assert len(server.asked) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_other_files_are_not_overwritten(server: Server, tmp_path: Path) -> None:
    source = source_of(server, zipped(IMAGES))
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        fetch(source, tmp_path)
    fetch(source, tmp_path / "out")
    with pytest.raises(DataError, match="not empty"):
        fetch(replace(source, title="Another"), tmp_path / "out")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="a file stands where"):
        fetch(source, tmp_path / "file")


def test_known_sources() -> None:
    default = find_public_data()
    assert default == find_public_data("mendeley")
    assert default.archive is not None
    assert default.archive.url.startswith("https://")
    assert len(bytes.fromhex(default.archive.sha256)) == 32
    for name in ("mendeley", "kaggle"):
        assert "CC BY 4.0" in find_public_data(name).terms
        assert "10.17632/rscbjbr9sj" in find_public_data(name).terms
    with pytest.raises(SettingsError, match="mendeley or kaggle"):
        find_public_data("elsewhere")


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], str]], None]:
    def install(dataset_download: Callable[[str], str]) -> None:
        module = ModuleType("kagglehub")
        module.dataset_download = dataset_download  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "kagglehub", module)

    return install


@pytest.mark.parametrize("linked", [True, False])
def test_kaggle(linked: bool, kaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def give(handle: str) -> str:
        assert handle == "paultimothymooney/chest-xray-pneumonia"
        for name, content in IMAGES.items():
            (tmp_path / "cache" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "cache" / name).write_bytes(content)
        return str(tmp_path / "cache")

    def refuse(*_: object) -> None:
        raise OSError("another disk")

    if not linked:
        monkeypatch.setattr("os.link", refuse)
    kaggle(give)
    assert fetch("kaggle", str(tmp_path / "out")) == find_public_data("kaggle")
    assert len(scan(tmp_path / "out").records) == 2
    image = tmp_path / "out" / next(iter(IMAGES))
    assert image.stat().st_nlink == 1 + linked
    assert not (tmp_path / "out" / "__MACOSX").exists()
    assert "Kermany" in (tmp_path / "out" / ATTRIBUTION).read_text()


def test_kaggle_fails(kaggle, tmp_path: Path) -> None:
    def fail(_: str) -> str:
        raise ConnectionError("no route")

    kaggle(fail)
    with pytest.raises(FetchError, match="no route"):
        fetch("kaggle", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_kagglehub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(DependencyError, match=r"pneumoscope\[fetch\]"):
        fetch("kaggle", tmp_path / "out")
