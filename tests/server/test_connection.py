"""Clients that are slow, leave, speak no HTTP, or come when the service is full."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
import requests

from pneumoscope.server import connection as connection_module
from pneumoscope.server.headers import HEADERS
from tests.conftest import encoded, picture
from tests.server.conftest import Serve
from tests.server.running import SECONDS, Running, running

GET = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n"


def until(condition: Callable[[], object]) -> None:
    end = monotonic() + SECONDS
    while not condition():
        assert monotonic() < end
        sleep(0.01)


def rest(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def receive(connection: socket.socket) -> bytes:
    """Receives one whole answer, and returns it from its status on."""
    stream = connection.makefile("rb")
    head = b"".join(iter(stream.readline, b"\r\n"))
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head + stream.read(int(length))


@pytest.fixture(scope="module")
def hasty(model: Path) -> Iterator[Running]:
    """A service that does not wait long."""
    with running(model, patience=0.3) as found:
        yield found


def test_a_client_that_sends_nothing_is_closed(hasty: Running) -> None:
    with hasty.connect() as connection:
        assert rest(connection) == b""


def test_headers_that_do_not_end_are_answered_and_closed(hasty: Running) -> None:
    with hasty.connect() as connection:
        connection.sendall(GET)
        answer = rest(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert json.loads(body)["code"] == "request-slow"


def test_headers_that_trickle_are_closed(hasty: Running) -> None:
    with hasty.connect() as connection:
        connection.sendall(GET + b"X-Slow: ")
        connection.settimeout(0.05)
        for _ in range(200):
            try:
                connection.sendall(b"a")
                if connection.recv(65536):
                    return
            except TimeoutError:
                continue
    pytest.fail("it was served for ever")


def test_a_slow_second_request_is_closed_too(hasty: Running) -> None:
    with hasty.connect() as connection:
        connection.sendall(GET + b"\r\n")
        assert receive(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(GET)
        assert b"HTTP/1.1 408 Request Timeout" in rest(connection)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET /".ljust(65_537, b"a"),
    ],
)
def test_what_is_no_http_is_answered_and_closed(hasty: Running, data: bytes) -> None:
    with hasty.connect() as connection:
        connection.sendall(data)
        answer = rest(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request")
    assert json.loads(body)["code"] == "request-malformed"
    for name, value in HEADERS.items():
        assert f"\r\n{name}: {value}".lower().encode() in head.lower()


def test_a_client_that_offers_another_protocol_is_served(hasty: Running, image: bytes) -> None:
    """As Java does with each first request."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n"
    head = b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\n" + offer
    with hasty.connect() as connection:
        for _ in range(2):
            length = f"Content-Length: {len(image)}\r\n\r\n".encode()
            connection.sendall(head + length + image)
            assert receive(connection).startswith(b"HTTP/1.1 200")


def test_an_offer_of_another_protocol_may_come_in_any_pieces(
    hasty: Running, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    head = b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\n" + offer
    request = head + f"Content-Length: {len(image)}\r\n\r\n".encode() + image
    arrived = threading.Semaphore(0)
    data_received = connection_module.Connection.data_received

    def note_and_receive(self: connection_module.Connection, data: bytes) -> None:
        data_received(self, data)
        arrived.release()

    monkeypatch.setattr(connection_module.Connection, "data_received", note_and_receive)
    start = request.index(b"Upgrade: h2c")
    for cut in (start - 1, start, start + 1, start + 9, len(head) + 20, request.index(image)):
        with hasty.connect() as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request[:cut])
            assert arrived.acquire(timeout=SECONDS)
            connection.sendall(request[cut:])
            assert receive(connection).startswith(b"HTTP/1.1 200")
            while arrived.acquire(blocking=False):
                pass


def test_a_tunnel_is_refused(hasty: Running) -> None:
    with hasty.connect() as connection:
        connection.sendall(b"CONNECT a:80 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert rest(connection).startswith(b"HTTP/1.1 4")


def test_headers_behind_a_body_are_dropped(hasty: Running) -> None:
    head = b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    trailer = b"Authorization: Bearer x\r\n" * 1000
    with hasty.connect() as connection:
        connection.sendall(head + b"\r\n1\r\na\r\n0\r\n" + trailer + b"\r\n")
        assert receive(connection).startswith(b"HTTP/1.1 422")
        connection.sendall(GET + b"\r\n")
        assert receive(connection).startswith(b"HTTP/1.1 200")


def test_a_full_service_says_when_to_come_again(serve: Serve, image: bytes) -> None:
    found = serve(waiting=1)
    head = b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\n"
    with found.connect() as first:
        first.sendall(head + f"Content-Length: {len(image)}\r\n\r\n".encode())
        until(lambda: found.service.places.taken)
        answer = requests.post(found.predictions, data=image, timeout=20)
        assert (answer.status_code, answer.json()["code"]) == (503, "service-full")
        assert answer.headers["Retry-After"] == "1"
        first.sendall(image)
        assert receive(first).startswith(b"HTTP/1.1 200")
    assert requests.post(found.predictions, data=image, timeout=20).status_code == 200


def test_a_place_is_given_back_however_a_request_ends(serve: Serve, image: bytes) -> None:
    found = serve(waiting=1, patience=0.3, most_bytes=1000)
    head = b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n"
    with found.connect() as connection:  # that becomes too slow
        connection.sendall(head)
        assert rest(connection).startswith(b"HTTP/1.1 408")
    with found.connect() as connection:  # that leaves
        connection.sendall(head)
        until(lambda: found.service.places.taken)
    until(lambda: not found.service.places.taken)
    assert requests.post(found.predictions, data=bytes(1001), timeout=20).status_code == 413
    assert requests.post(found.predictions, data=b"no image", timeout=20).status_code == 422
    assert found.service.places.taken == 0
    assert found.service.memory.taken == 0


@pytest.fixture
def held(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Running, threading.Event, threading.Event]]:
    """A service whose network tells that it has images, and begins when it is told to."""
    found, given, begin = serve(), threading.Event(), threading.Event()
    judge = found.service.predictor.judge

    def wait_and_judge(*arguments: object, **options: object) -> object:
        given.set()
        assert begin.wait(SECONDS)
        return judge(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(found.service.predictor, "judge", wait_and_judge)
    yield found, given, begin
    begin.set()


def test_the_work_of_clients_that_leave_is_dropped(
    held: tuple[Running, threading.Event, threading.Event], image: bytes
) -> None:
    found, given, begin = held
    head = b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\n"
    request = head + f"Content-Length: {len(image)}\r\n\r\n".encode() + image
    first = found.connect()
    first.sendall(request)  # whose image is in the network
    assert given.wait(SECONDS)
    gone = [found.connect() for _ in range(5)]
    for connection in gone:
        connection.sendall(request)
    until(lambda: found.service.places.taken == 6)
    for connection in gone:
        connection.close()
    until(lambda: found.service.places.taken == 1)
    assert found.count("abandoned_total") == 5
    begin.set()
    assert receive(first).startswith(b"HTTP/1.1 200")
    first.close()
    assert requests.post(found.predictions, data=image, timeout=20).status_code == 200
    assert found.count("batch_images_sum") == 2
    assert found.service.memory.taken == 0


def test_many_files_of_a_client_that_leaves_are_dropped(
    held: tuple[Running, threading.Event, threading.Event],
) -> None:
    found, given, begin = held
    data = encoded(picture())
    part = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + data + b"\r\n"
    head = b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n"
    with found.connect() as connection:
        connection.sendall(head + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n")
        connection.sendall(part * 5)
        assert given.wait(SECONDS)
    until(lambda: not found.service.places.taken)
    assert found.service.memory.taken == 0
    assert found.count("abandoned_total") == 1
    begin.set()


def test_a_pdf_is_left_when_its_client_leaves(
    held: tuple[Running, threading.Event, threading.Event],
) -> None:
    found, given, _ = held
    data = encoded(picture())
    part = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + data + b"\r\n"
    body = part * 3 + b"--b--\r\n"
    assert len(body) < 60_000  # it arrives in one piece
    head = f"POST /page/pdf HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    kind = b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    with found.connect() as connection:
        connection.sendall(head.encode() + kind + body)
        assert given.wait(SECONDS)
    until(lambda: not found.service.places.taken)
    assert found.service.memory.taken == 0
    assert found.count("abandoned_total") == 1


def test_images_that_meet_go_through_the_network_together(
    held: tuple[Running, threading.Event, threading.Event], image: bytes
) -> None:
    found, given, begin = held
    answers: list[int] = []

    def ask() -> None:
        answers.append(requests.post(found.predictions, data=image, timeout=20).status_code)

    clients = [threading.Thread(target=ask) for _ in range(9)]
    clients[0].start()
    assert given.wait(SECONDS)
    for client in clients[1:]:
        client.start()
    until(lambda: found.service.places.taken == 9)
    until(lambda: found.service._batcher._queue.qsize() == 8)
    begin.set()
    for client in clients:
        client.join()
    assert answers == [200] * 9
    assert (found.count("batch_images_count"), found.count("batch_images_sum")) == (2, 9)


def test_a_client_that_does_not_take_its_answer_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = serve(patience=0.3)
    monkeypatch.setattr(found.service.metrics, "text", lambda: bytes(50 * 2**20))
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with connection:
        connection.connect(("127.0.0.1", found.port))
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: found.listener.server_state.connections)
        until(lambda: not found.listener.server_state.connections)


def test_a_client_that_takes_its_answer_slowly_is_served(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = serve()
    monkeypatch.setattr(found.service.metrics, "text", lambda: bytes(50 * 2**20))
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with connection:
        connection.settimeout(SECONDS)
        connection.connect(("127.0.0.1", found.port))
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: found.listener.server_state.connections)
        (served,) = found.listener.server_state.connections
        assert isinstance(served, connection_module.Connection)
        until(lambda: served._untaken)
        for _ in range(3):
            before = served._untaken
            for _ in range(16):  # much less than the system holds of the answer
                connection.recv(4096, socket.MSG_WAITALL)
            served.loop.call_soon_threadsafe(served._abort_if_silent)
            until(lambda: served._untaken < before)  # noqa: B023
            assert not served.transport.is_closing()


def test_a_request_on_its_way_is_answered_before_it_stops(
    serve: Serve, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_GRACE", SECONDS)
    found = serve()

    def closed() -> bool:
        try:
            found.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    with found.connect() as connection:
        connection.sendall(GET + b"\r\n")
        assert receive(connection).startswith(b"HTTP/1.1 200")
        found.listener.handle_exit(signal.SIGTERM, None)
        until(closed)
        assert not found.service.ready
        head = b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall(head + f"Content-Length: {len(image)}\r\n\r\n".encode() + image)
        assert receive(connection).startswith(b"HTTP/1.1 200")
        assert rest(connection) == b""
