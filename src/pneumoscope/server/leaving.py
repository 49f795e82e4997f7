"""Clients that leave before they are answered: their work is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

_Result = TypeVar("_Result")


async def unless_left(request: Request, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Awaits work for a client, and cancels it if the client leaves.

    Args:
        request: the request. While its body still arrives, whoever reads on sees that the client
            leaves.
        work: the work.

    Raises:
        ClientDisconnect: if the client leaves.
    """
    if not request._stream_consumed:
        return await work
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        working.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
