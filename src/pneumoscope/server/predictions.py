"""The route of predictions: `POST /v1/predictions`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pneumoscope.imaging import Source
from pneumoscope.inference import BATCH
from pneumoscope.server.files import with_file
from pneumoscope.server.heatmaps import as_array, as_picture
from pneumoscope.server.leaving import unless_left
from pneumoscope.server.multipart import Part, is_multipart, read_parts
from pneumoscope.server.refusals import RequestError
from pneumoscope.server.service import Service
from pneumoscope.server.traces import span
from pneumoscope.server.wanted import Wanted, read_query
from pneumoscope.types import Status

Record = dict[str, Any]
"""Record of a prediction, as plain JSON types."""


def routes(service: Service) -> Sequence[Route]:
    """Makes the routes of predictions.

    Args:
        service: the model in service.
    """

    async def predict(request: Request) -> Response:
        wanted, several = read_query(request), is_multipart(request)
        service.at(wanted.operating_point, wanted.prevalence)  # or refuses before the body is read
        with service.places.take():
            if several:
                return JSONResponse({"predictions": await _predict_parts(request, service, wanted)})
            record = await with_file(
                request, service, wanted.name, lambda file: predict_source(service, file, wanted)
            )
        return JSONResponse(record, 422 if record["status"] == Status.ERROR.value else 200)

    return [Route("/v1/predictions", predict, methods=["POST"])]


async def _predict_parts(request: Request, service: Service, wanted: Wanted) -> list[Record]:
    """Predicts the files of a body while others arrive; only a few are in memory at any time."""
    pictures = _Pictures(service.settings.most_bytes)
    works: list[asyncio.Task[Record]] = []
    pending: set[asyncio.Task[Record]] = set()

    async def predict(part: Part) -> Record:
        source = Source(part.name, part.held.content())
        record = await predict_source(service, source, wanted)
        pictures.add(record)
        return record

    async def all_of_them() -> list[Record]:
        return await asyncio.gather(*works)

    try:
        async for part in read_parts(request, service.settings, service.memory):
            work = asyncio.create_task(predict(part))
            work.add_done_callback(partial(_release, part))  # also if it never begins
            work.add_done_callback(pending.discard)
            works.append(work)
            pending.add(work)
            while len(pending) >= BATCH:
                done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()  # or raises, before the rest is read
        return await unless_left(request, all_of_them())
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


def _release(part: Part, _: asyncio.Task[Record]) -> None:
    part.held.release()


async def predict_source(service: Service, source: Source, wanted: Wanted) -> Record:
    """Predicts an image as a request asks for it.

    Args:
        service: the model in service.
        source: bytes of the file, with its name.
        wanted: what the request asks for.

    Returns:
        The record, with the heatmap where it was asked for and there is one.
    """
    explanation = await service.explain(
        source,
        operating_point=wanted.operating_point,
        prevalence=wanted.prevalence,
        heatmap=wanted.heatmap is not None,
    )
    record = explanation.prediction.to_dict()
    if explanation.heatmap is None:
        return record
    if wanted.heatmap == "array":
        return {**record, "heatmap": as_array(explanation.heatmap)}
    loop, pool = asyncio.get_running_loop(), service.predictor.pool
    with span("encode"):
        picture = await loop.run_in_executor(pool, as_picture, source, explanation.heatmap)
    return {**record, "heatmap": picture}


class _Pictures:
    """The pictures of an answer, which has to wait in memory for its last one."""

    def __init__(self, most: int) -> None:
        self._left = most

    def add(self, record: Record) -> None:
        """Adds the picture of a record, if it has one.

        Raises:
            RequestError: if they are too many.
        """
        if isinstance(record["heatmap"], str):
            self._left -= len(record["heatmap"])
        if self._left < 0:
            raise RequestError(
                "The heatmaps of all these images are too large for one answer",
                remedy="Ask for `heatmap=array`, or send the images in several requests",
                code="request-too-large",
            )
