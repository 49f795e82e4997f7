"""Bodies that are refused: the rest is read and dropped, so that the answer gets through.

A connection that is closed while data still arrives is reset, and the client, which sends first and
reads then, would see an error of the network instead of the answer.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Draining:
    """Answers at once, but ends the answer when the body has ended, or some time has passed.

    Args:
        app: application that answers.
        seconds: that time, in seconds.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] == "http" and _has_body(scope):
            body = _Body(receive, send, self._seconds, waits=_waits(scope))
            await self._app(scope, body.receive, body.send)
        else:
            await self._app(scope, receive, send)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _waits(scope: Scope) -> bool:
    """Returns whether the client sends its body only when it is asked to."""
    return Headers(scope=scope).get("expect", "").lower() == "100-continue"


class _Body:
    """A request with a body, of which some may not have been read when it is answered."""

    def __init__(self, receive: Receive, send: Send, seconds: float, *, waits: bool) -> None:
        self._receive, self._send, self._seconds = receive, send, seconds
        self._waits, self._ended = waits, False

    async def receive(self) -> Message:
        message = await self._receive()
        self._waits = False
        self._ended = not message.get("more_body", False)  # also if the client has left
        return message

    async def send(self, message: Message) -> None:
        if self._ended or message.get("more_body"):
            await self._send(message)
        elif message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._drain()
            await self._send({"type": "http.response.body", "body": b""})

    async def _drain(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                while not (self._ended or self._waits):
                    await self.receive()
