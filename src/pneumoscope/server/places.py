"""Places of requests in work, and memory for the files that they bring; both are bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from pneumoscope.server.refusals import RequestError

_RETRY = {"Retry-After": "1"}  # second; in that time some requests are done


def _full(problem: str) -> RequestError:
    return RequestError(
        problem, remedy="Send it again in a moment", code="service-full", headers=_RETRY
    )


class Places:
    """Places of requests that are in work or wait for it.

    Args:
        most: number of places.

    Attributes:
        taken: number of places that are taken.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken = 0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Takes a place during the block.

        Raises:
            RequestError: if there is none.
        """
        if self.taken >= self._most:
            raise _full(f"The service is full: {self._most} requests are in work or wait")
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Turns:
    """Turns at work that only a few requests do at a time; others wait.

    Args:
        most: number of requests that do it at a time.
        seconds: time that a request waits for its turn at most.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._free, self._seconds = asyncio.Semaphore(most), seconds

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Takes a turn during the block, as soon as one is free.

        Raises:
            RequestError: if that takes too long.
        """
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError:
            raise _full("Others are served before this request") from None
        try:
            yield
        finally:
            self._free.release()


class Memory:
    """Memory for the files of all requests in flight.

    Args:
        most: size of all of them together, in bytes.
        seconds: time that a request waits for memory at most.

    Attributes:
        taken: size of those that are in memory, in bytes.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self.taken = 0
        self._given = asyncio.Event()

    async def take(self, size: int) -> None:
        """Takes some, as soon as others have given enough back.

        Raises:
            RequestError: if that takes too long.
        """
        try:
            async with asyncio.timeout(self._seconds):
                while self.taken + size > self._most:
                    self._given.clear()
                    await self._given.wait()
        except TimeoutError:
            raise _full("The service has no memory left for this request") from None
        self.taken += size

    def give(self, size: int) -> None:
        """Gives some back."""
        self.taken -= size
        self._given.set()
