"""A small archive that speaks DICOMweb on the loopback, and fails as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydicom import dcmread
from pydicom.datadict import dictionary_VR
from pydicom.tag import Tag

BOUNDARY = "part-of-the-archive"
MULTIPART = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
JSON = "application/dicom+json"


@dataclass
class Answer:
    """An answer to a request: of a length that is told, unless it is cut off."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0


@dataclass
class Asked:
    """A request, as the archive has seen it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


KEYWORDS = (
    "SOPInstanceUID",
    "SOPClassUID",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "SeriesDescription",
    "Modality",
    "StudyDate",
)


@dataclass
class Header:
    """What can be searched for of an instance: the values of `KEYWORDS`, as text."""

    uid: str
    sop_class: str
    series: str
    study: str
    description: str
    modality: str
    date: str

    def row(self) -> dict[str, Any]:
        return row_of(
            SOPInstanceUID=self.uid,
            SOPClassUID=self.sop_class,
            SeriesInstanceUID=self.series,
            SeriesDescription=self.description,
        )


@dataclass
class FakeArchive:
    """An archive with its instances, by SOP Instance UID.

    Attributes:
        url: address of the service.
        objects: files of the instances.
        headers: what can be searched for of them, and of what was there before.
        asked: every request so far.
        fault: function that may answer in place of the archive.
        page: greatest number of rows of one answer.
    """

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, Header] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    fault: Callable[[Asked], Answer | None] = lambda _: None
    page: int = 100

    def add(self, *files: bytes) -> None:
        for data in files:
            ds = dcmread(BytesIO(data))
            found = Header(*(str(ds.get(keyword, "")) for keyword in KEYWORDS))
            self.headers[found.uid], self.objects[found.uid] = found, data

    def retrieved(self) -> list[str]:
        """The UIDs of the instances that were retrieved, in order."""
        found = (one.path.partition("/instances/") for one in self.asked if one.method == "GET")
        return [uid for _, _, uid in found if uid]

    def answer(self, asked: Asked, body: bytes) -> Answer:
        self.asked.append(asked)
        if wrong := self.fault(asked):
            return wrong
        if asked.method == "POST":
            return self.store(body)
        parts = asked.path.split("/")[2:]
        if parts == ["studies"]:
            return self.rows(self.studies(asked.query), asked.query)
        if len(parts) == 3:
            return self.rows([one.row() for one in self.within(parts[1])], asked.query)
        if data := self.objects.get(parts[-1]):
            part = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
            return Answer(body=part + data + f"\r\n--{BOUNDARY}--".encode(), content_type=MULTIPART)
        return Answer(404)

    def within(self, study: str) -> list[Header]:
        return [self.headers[uid] for uid in self.objects if self.headers[uid].study == study]

    def studies(self, query: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
        (modality,), (dates,) = query["ModalitiesInStudy"], query.get("StudyDate", [""])
        first = dates.removesuffix("-")
        headers = [self.headers[uid] for uid in self.objects]
        matching = [one for one in headers if one.modality == modality and one.date >= first]
        for study in dict.fromkeys(one.study for one in matching):
            series = {one.series for one in self.within(study)}
            yield row_of(
                StudyInstanceUID=study,
                NumberOfStudyRelatedSeries=len(series),
                NumberOfStudyRelatedInstances=len(self.within(study)),
            )

    def rows(self, rows: Any, query: dict[str, list[str]]) -> Answer:
        first = int(query.get("offset", ["0"])[0])
        most = min(self.page, int(query["limit"][0]))
        return Answer(body=json.dumps([*rows][first : first + most]).encode())

    def store(self, body: bytes) -> Answer:
        data = body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
        self.add(data)
        return Answer(body=b"{}")


def row_of(**values: object) -> dict[str, Any]:
    """Makes a row of an answer, in the DICOM JSON model; what is empty is left out."""
    return {
        f"{Tag(keyword):08X}": {"vr": dictionary_VR(keyword), "Value": [value]}
        for keyword, value in values.items()
        if value != ""
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, archive: FakeArchive, *args: Any) -> None:
        self.archive = archive
        super().__init__(*args)

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        asked = Asked(self.command, parts.path, parse_qs(parts.query), dict(self.headers))
        answer = self.archive.answer(asked, body)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) - answer.cut])
        self.close_connection = bool(answer.cut)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(context: Any = None) -> Iterator[FakeArchive]:
    """Runs an archive; `context` is one of TLS."""
    archive = FakeArchive()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, archive)) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        archive.url = f"{scheme}://127.0.0.1:{server.server_port}/dicom-web"
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield archive
        server.shutdown()
        thread.join()
