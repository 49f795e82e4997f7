"""The PDF of the images of a request: each is predicted and drawn as soon as it has arrived."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from pneumoscope.imaging import Source
from pneumoscope.inference import Explanation
from pneumoscope.inference.shown import show
from pneumoscope.server.heatmaps import explain
from pneumoscope.server.leaving import unless_left
from pneumoscope.server.multipart import read_parts
from pneumoscope.server.refusals import RequestError
from pneumoscope.server.service import Service
from pneumoscope.server.wanted import Wanted

MOST_PRINTED = 100
"""Greatest number of images in a PDF: their pictures are in memory until the last one."""


async def print_files(request: Request, service: Service, wanted: Wanted) -> bytes:
    """Prints the files of a request, one on a page, behind a list of all.

    Args:
        request: the request, for which a place and a turn at printing have been taken.
        service: the model in service.
        wanted: what the request asks for.

    Returns:
        The PDF.

    Raises:
        RequestError: as `read_parts`, or if the files are too many.
        ClientDisconnect: if the client leaves.
    """
    from pneumoscope.inference.pdf import Print  # takes half a second to load

    loop, pool = asyncio.get_running_loop(), service.predictor.pool
    at = service.at(wanted.operating_point, wanted.prevalence)
    document, count = Print(at, large=True), 0

    def add(source: Source, explanation: Explanation) -> None:
        document.add(show(source, explanation))

    async def predict_and_add(source: Source) -> None:
        explanation = await explain(service, source, wanted)
        await loop.run_in_executor(pool, add, source, explanation)

    async for part in read_parts(request, service.settings, service.memory):
        try:
            count += 1
            if count > MOST_PRINTED:
                raise _too_many()
            source = Source(part.name, part.held.content())
            await unless_left(request, predict_and_add(source))
        finally:
            part.held.release()

    finishing = loop.run_in_executor(pool, document.finish)

    async def finish() -> bytes:
        return await asyncio.shield(finishing)

    try:
        return await unless_left(request, finish())
    finally:
        await asyncio.wait({finishing})  # its pictures are in memory until then, whoever leaves


def _too_many() -> RequestError:
    return RequestError(
        "The request has too many files for a PDF",
        expected=f"at most {MOST_PRINTED}",
        remedy="Print them in several requests",
        code="request-too-large",
        values={"limit": MOST_PRINTED},
    )
