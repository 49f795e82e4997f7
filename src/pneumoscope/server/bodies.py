"""Bodies of requests, read as they arrive: under limits, in memory, and nothing else is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from time import monotonic

from starlette.requests import Request

from pneumoscope.server.places import Memory
from pneumoscope.server.refusals import RequestError
from pneumoscope.server.settings import Settings
from pneumoscope.server.traces import span

_LEAST_RATE = 1000.0  # bytes a second, over the whole body: a slow modem, and no trickle


class Held:
    """A file that arrives, and the memory that is taken for it.

    Args:
        memory: memory for the files of all requests.
        most: greatest size of the file, in bytes.
    """

    def __init__(self, memory: Memory, most: int) -> None:
        self._memory, self._most = memory, most
        self._size = 0
        self._content = BytesIO()

    async def add(self, data: bytes) -> None:
        """Adds what has arrived.

        Raises:
            RequestError: if the file becomes too large, or no memory becomes free.
        """
        if self._size + len(data) > self._most:
            raise too_large(self._most)
        await self._memory.take(len(data))
        self._size += len(data)
        self._content.write(data)

    def content(self) -> bytes:
        """Returns what has arrived."""
        return self._content.getvalue()  # which copies nothing

    def __enter__(self) -> Held:
        """Holds the file during a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Gives the memory back."""
        self.release()

    def release(self) -> None:
        """Gives the memory back."""
        self._memory.give(self._size)
        self._size, self._content = 0, BytesIO()


def too_large(most: int) -> RequestError:
    """Makes the error of a file that is too large."""
    return RequestError(
        "The file is too large",
        expected=f"at most {most} bytes",
        received="more",
        code="request-too-large",
        values={"limit": most},
    )


def check_encoding(request: Request) -> None:
    """Refuses a compressed body, which might inflate to any size.

    Raises:
        RequestError: if it has a content encoding.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise RequestError(
            "A compressed body is not read",
            expected="no Content-Encoding",
            received=encoding[:40],
            code="request-encoded",
        )


async def read_body(request: Request, settings: Settings, held: Held) -> bytes:
    """Reads the body of a request as one file.

    Args:
        request: the request.
        settings: settings of the service.
        held: file that the body is added to.

    Returns:
        The content of the file.

    Raises:
        RequestError: if the body is compressed, too large or too slow, or there is no memory.
        ClientDisconnect: if the client leaves.
    """
    check_encoding(request)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > settings.most_bytes:
        raise too_large(settings.most_bytes)
    with span("receive"):
        async for chunk in chunks(request, settings.patience):
            await held.add(chunk)
    return held.content()


async def chunks(request: Request, seconds: float) -> AsyncIterator[bytes]:
    """Yields the body of a request in pieces as they arrive.

    Args:
        request: the request.
        seconds: time to wait for a client that sends nothing; a body that goes on arriving may
            take this time and a second for each 1000 bytes.

    Raises:
        RequestError: if the client is slower.
        ClientDisconnect: if the client leaves.
    """
    waited, received, stream = 0.0, 0, request.stream()
    while True:
        began = monotonic()
        try:
            async with asyncio.timeout(min(seconds, seconds - waited + received / _LEAST_RATE)):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise RequestError(
                "The body arrives too slowly",
                expected=f"the next bytes within {seconds:g} s, and {_LEAST_RATE:g} a second",
                code="request-slow",
            ) from None
        if chunk is None:
            return
        waited += monotonic() - began
        received += len(chunk)
        if chunk:
            yield chunk
