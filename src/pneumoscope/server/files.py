"""Requests that bring one file: it is in memory while there is work on it, and no longer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from pneumoscope.imaging import Source
from pneumoscope.server.bodies import Held, read_body
from pneumoscope.server.leaving import unless_left
from pneumoscope.server.service import Service

_Result = TypeVar("_Result")


async def with_file(
    request: Request,
    service: Service,
    name: str,
    work: Callable[[Source], Coroutine[Any, Any, _Result]],
) -> _Result:
    """Reads a body that is one file, and works on it as long as the client waits.

    Args:
        request: the request, for which a place has been taken.
        service: the model in service.
        name: name of the file, for its record.
        work: function that works on the file.

    Raises:
        RequestError: as `read_body`.
        ClientDisconnect: if the client leaves.
    """
    with Held(service.memory, service.settings.most_bytes) as held:
        source = Source(name, await read_body(request, service.settings, held))
        return await unless_left(request, work(source))
