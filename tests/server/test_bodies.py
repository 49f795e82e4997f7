"""Bodies that are too large, too slow, compressed, malformed, or that lie about themselves."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.conftest import encoded, picture
from tests.server.conftest import Serve
from tests.server.running import Running, running

MOST = 5000
POST = b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\n"


def pieces(size: int, count: int) -> Iterator[bytes]:
    yield from [bytes(size)] * count


@pytest.fixture(scope="module")
def small(model: Path) -> Iterator[Running]:
    """A service with low limits."""
    limits = {"most_bytes": MOST, "most_parts": 3, "most_memory": 3 * MOST, "patience": 0.5}
    with running(model, **limits) as found:
        yield found
        assert found.service.memory.taken == 0
        assert found.service.places.taken == 0


def code_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def exchange(server: Running, data: bytes) -> bytes:
    """Sends bytes, and returns all that comes back until the connection is closed."""
    with server.connect() as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(("size", "status"), [(MOST, 422), (MOST + 1, 413)])
def test_a_file_may_be_as_large_as_the_limit(small: Running, size: int, status: int) -> None:
    answer = requests.post(small.predictions, data=bytes(size), timeout=20)
    assert answer.status_code == status


@pytest.mark.parametrize(("count", "status"), [(5, 422), (6, 413), (100_000, 413)])
def test_a_file_of_unknown_length_too(small: Running, count: int, status: int) -> None:
    answer = requests.post(small.predictions, data=pieces(1000, count), timeout=20)
    assert answer.status_code == status


def test_a_large_file_is_answered_though_the_client_first_sends_it(small: Running) -> None:
    answer = requests.post(small.predictions, data=bytes(200 * 2**20), timeout=20)
    assert code_of(answer) == (413, "request-too-large")


def test_a_client_that_asks_first_is_not_sent_for_the_body(small: Running) -> None:
    head = POST + b"Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
    answer = exchange(small, head)
    assert answer.startswith(b"HTTP/1.1 413")


def test_each_file_of_many_has_the_limit(small: Running) -> None:
    files = [("f", (f"{n}.png", bytes(MOST))) for n in range(3)]
    answer = requests.post(small.predictions, files=files, timeout=20)
    assert answer.status_code == 200
    files[1] = ("f", ("1.png", bytes(MOST + 1)))
    assert code_of(requests.post(small.predictions, files=files, timeout=20)) == (
        413,
        "request-too-large",
    )


def test_too_many_files_are_refused(small: Running) -> None:
    files = [("f", (f"{n}.png", b"x")) for n in range(4)]
    answer = requests.post(small.predictions, files=files, timeout=20)
    assert code_of(answer) == (413, "request-too-large")
    assert answer.json()["values"] == {"limit": 3}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_a_compressed_body_is_refused_as_it_is(small: Running, encoding: str) -> None:
    bomb = gzip.compress(bytes(2**20))
    headers = {"Content-Encoding": encoding}
    answer = requests.post(small.predictions, data=bomb, headers=headers, timeout=20)
    assert code_of(answer) == (415, "request-encoded")


def test_an_encoding_that_changes_nothing_is_taken(small: Running) -> None:
    headers = {"Content-Encoding": "identity"}
    answer = requests.post(small.predictions, data=b"x", headers=headers, timeout=20)
    assert answer.status_code == 422


FORM = {"Content-Type": "multipart/form-data; boundary=b"}
DISPOSITION = b'Content-Disposition: form-data; name="f"; filename="a.png"'


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"Content-Type": "multipart/form-data"}, b"--b\r\n", (400, "request-malformed")),
        ({"Content-Type": f"multipart/form-data; boundary={'b' * 300}"}, b"", (400, "")),
        ({"Content-Type": "multipart/mixed; boundary=b"}, b"", (415, "request-encoded")),
        (FORM, b"", (400, "request-malformed")),
        (FORM, b"no boundary", (400, "request-malformed")),
        (FORM, b"--b--\r\n", (400, "request-malformed")),
        (FORM, b"--b\r\n" + DISPOSITION + b"\r\n\r\ncut off", (400, "request-malformed")),
        (FORM, b"--b\r\nbad header\r\n\r\nx\r\n--b--\r\n", (400, "request-malformed")),
        (FORM, b"--b\r\n" + b"a: b\r\n" * 9000 + b"\r\nx\r\n--b--\r\n", (400, "")),
    ],
)
def test_malformed_parts_are_refused(
    small: Running, headers: dict[str, str], body: bytes, expected: tuple[int, str]
) -> None:
    answer = requests.post(small.predictions, data=body, headers=headers, timeout=20)
    status, code = expected
    assert code_of(answer) == (status, code or "request-malformed")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("C:\\fakepath\\a.png", "a.png"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("Röntgen 胸部.png", "Röntgen 胸部.png"),
        ("two\\nlines\x07.png", "two\\nlines\\x07.png"),
        ("", "f"),
    ],
)
def test_the_name_of_a_part_is_a_text_in_its_record(small: Running, name: str, path: str) -> None:
    disposition = f'Content-Disposition: form-data; name="f"; filename="{name}"'
    body = b"--b\r\n" + disposition.encode() + b"\r\n\r\nx\r\n--b--\r\n"
    answer = requests.post(small.predictions, data=body, headers=FORM, timeout=20)
    assert [record["path"] for record in answer.json()["predictions"]] == [path]


def test_a_body_that_stops_arriving_is_given_up(small: Running) -> None:
    answer = exchange(small, POST + b"Content-Length: 100\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"request-slow"' in answer


def test_a_body_that_trickles_is_given_up(small: Running) -> None:
    with small.connect() as connection:
        connection.sendall(POST + b"Content-Length: 100\r\n\r\n")
        connection.settimeout(0.1)
        answer, sent = b"", 0
        while not answer:
            sent += connection.send(b"a")
            assert sent < 100
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408")


def test_requests_wait_for_memory_and_all_are_answered(serve: Serve) -> None:
    image = encoded(picture((300, 300)))
    found = serve(most_bytes=len(image), most_memory=len(image))
    with ThreadPoolExecutor(6) as clients:
        answers = list(
            clients.map(
                lambda _: requests.post(found.predictions, data=image, timeout=20), range(12)
            )
        )
    assert [answer.status_code for answer in answers] == [200] * 12


def test_a_request_that_gets_no_memory_is_told_when_to_come_again(serve: Serve) -> None:
    found = serve(most_bytes=1000, most_memory=1000, patience=0.2)
    found.service.memory.taken = 1000
    answer = requests.post(found.predictions, data=bytes(500), timeout=20)
    assert code_of(answer) == (503, "service-full")
    assert answer.headers["Retry-After"] == "1"
