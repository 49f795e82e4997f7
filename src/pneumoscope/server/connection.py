"""Connections of clients: none is kept for a client that is silent, and none dropped in haste."""

from __future__ import annotations

import asyncio
import struct
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pneumoscope.server.headers import HEADERS
from pneumoscope.server.refusals import RequestError, answer

_MOST_HEAD = 2**16  # bytes of the headers of a request
_GRACE = 0.5  # seconds in which a request may still be on its way when the service stops


if sys.platform == "win32":

    def _count_queued(socket: int) -> int:
        """Counts nothing: Windows does not tell what it has yet to send."""
        return 0

else:
    from fcntl import ioctl
    from termios import TIOCOUTQ

    def _count_queued(socket: int) -> int:
        """Counts the bytes that the system has yet to send."""
        return int(struct.unpack("i", ioctl(socket, TIOCOUTQ, bytes(4)))[0])


class _Timer:
    """A timer that acts after some seconds, unless it is stopped before."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float) -> None:
        """Starts; if it has been started, it goes on."""
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(seconds, self._fire)

    def stop(self) -> None:
        """Stops."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        self._handle = None
        self._act()


class _Parser(HttpRequestParser):
    """A parser that stays with HTTP/1.1 where a client offers another protocol, such as HTTP/2.

    It would take what follows the headers for that protocol, and lose the body. Java offers HTTP/2
    with each first request.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # nothing else comes
        """Parses what has arrived; a request that makes an offer begins again without it."""
        try:
            super().feed_data(data)
        except HttpParserUpgrade as offer:
            if not self._connection.offers:
                raise  # as CONNECT does
            self.feed_data(self._connection.head_without_offer() + data[offer.args[0] :])


class Connection(HttpToolsProtocol):
    """A connection on which requests begin, and answers are taken, within some time.

    The body of a request has limits of its own: `bodies`.

    Attributes:
        patience: that time, in seconds; set for all connections of a service.
    """

    patience = 10.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parser = _Parser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as of uvicorn
        self._reading = _Timer(self._give_up)
        self._writing = _Timer(self._abort_if_silent)
        self._untaken = 0  # bytes of an answer at the last look
        self._stopping = False
        self._in_head = False
        self._head = 0  # bytes of a request whose head is not yet complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for a request."""
        super().connection_made(transport)
        self._reading.start(self.patience)

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing more."""
        self._reading.stop()
        self._writing.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what has arrived; the first bytes of a request are not yet a request."""
        super().data_received(data)
        if not self._idle:
            self._head = 0
            self._reading.stop()
            self.cycle.keep_alive &= not self._stopping
            return
        self._head += len(data)
        self._reading.start(self.patience)
        if self._head > _MOST_HEAD and not self.transport.is_closing():
            self._refuse(RequestError("The headers are too long", code="request-malformed"))

    def on_message_begin(self) -> None:
        """Begins with a request."""
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header; those behind the body are dropped, as they might never end."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Goes on to the body."""
        self._in_head = False
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Begins to wait for a client that does not take its answer."""
        super().pause_writing()
        self._untaken = self._count_untaken()
        self._writing.start(self.patience)

    def resume_writing(self) -> None:
        """Goes on with the answer."""
        super().resume_writing()
        self._writing.stop()

    def shutdown(self) -> None:
        """Ends with the answer to the request at hand, or to one that is on its way."""
        if self._idle:
            self._stopping = True
            self.loop.call_later(_GRACE, self._close_if_idle)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answers what is not HTTP."""
        self._refuse(RequestError("This is no request of HTTP/1.1", code="request-malformed"))

    @property
    def offers(self) -> bool:
        """True if the request at hand offers another protocol."""
        return any(name == b"upgrade" for name, _ in self.headers)

    def head_without_offer(self) -> bytes:
        """Writes the head of the request at hand again, without its offer."""
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % each for each in self.headers if each[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def _should_upgrade(self) -> bool:
        return self.offers  # then nothing is done with the request until it comes without it

    @property
    def _idle(self) -> bool:
        """True if no request is in work; one may be arriving."""
        return self.cycle is None or self.cycle.response_complete

    def _give_up(self) -> None:
        if self.transport.is_closing() or not self._idle:
            return
        if self._head:
            self._refuse(RequestError("The request arrives too slowly", code="request-slow"))
        else:
            self.transport.close()

    def _count_untaken(self) -> int:
        """Counts the bytes that the client has not taken, here and in the system."""
        queued = _count_queued(self.transport.get_extra_info("socket").fileno())
        return self.transport.get_write_buffer_size() + queued

    def _abort_if_silent(self) -> None:
        untaken = self._count_untaken()
        if untaken < self._untaken:
            self._untaken = untaken
            self._writing.start(self.patience)
        else:
            self.transport.abort()

    def _close_if_idle(self) -> None:
        if self._idle and not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, error: RequestError) -> None:
        """Answers without the application, and closes the connection."""
        response = answer(error)
        status = HTTPStatus(response.status_code)
        headers = {**HEADERS, **dict(response.headers), "Connection": "close"}
        head = [f"HTTP/1.1 {status.value} {status.phrase}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join([*head, "", ""]).encode() + bytes(response.body))
        self.transport.close()
