"""The page that people use: its three files, and what it asks of the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib import resources
from io import BytesIO
from typing import Any, TypeVar
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pneumoscope.files import printable
from pneumoscope.imaging import Source, load_deep, load_display
from pneumoscope.inference import Predictor
from pneumoscope.inference.captions import Captions
from pneumoscope.inference.csv_lines import csv_line
from pneumoscope.inference.explain import layer
from pneumoscope.inference.predictor import Explanation
from pneumoscope.inference.shown import show
from pneumoscope.pages import data_uri
from pneumoscope.server.files import with_file
from pneumoscope.server.heatmaps import explain
from pneumoscope.server.model import describe
from pneumoscope.server.printing import MOST_PRINTED, print_files
from pneumoscope.server.service import Service
from pneumoscope.server.wanted import Wanted, read_query

_FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
NAME = "Pneumoscope-Name"
"""Header of a request: name of its file, URL-encoded. Logs of proxies keep addresses, not this."""
WINDOW = "Pneumoscope-Window"
"""Header of an answer of pixels: the values that are black and white, of the 16 bits."""

_PNG = "image/png"
_SMALL = 128  # longer side of a picture in the table, in pixels
_COMPRESSION = 1  # of PNG, 0 to 9

_Made = TypeVar("_Made")


def routes(service: Service) -> Sequence[Route]:
    """Makes the routes of the page.

    Args:
        service: the model in service.
    """
    drawn = partial(_drawn, service)

    async def model(_: Request) -> Response:
        return JSONResponse(await drawn(describe, service, MOST_PRINTED))

    async def image(request: Request) -> Response:
        wanted = _wanted(request)
        predictor = service.at(wanted.operating_point, wanted.prevalence)

        async def answer(source: Source) -> dict[str, Any]:
            found = await explain(service, source, wanted)
            return await drawn(_answer, predictor, source, found)

        with service.places.take():
            return JSONResponse(await with_file(request, service, wanted.name, answer))

    async def layers(request: Request) -> Response:
        wanted = _wanted(request)
        service.at(wanted.operating_point, wanted.prevalence)

        async def answer(source: Source) -> bytes | None:
            found = await explain(service, source, wanted)
            return None if found.heatmap is None else await drawn(_layer, source, found.heatmap)

        with service.places.take():
            made = await with_file(request, service, wanted.name, answer)
        return Response(status_code=204) if made is None else Response(made, media_type=_PNG)

    async def pixels(request: Request) -> Response:
        async def answer(source: Source) -> Response:
            deep = await drawn(load_deep, source)
            window = f"{deep.window.black:.3f} {deep.window.white:.3f}"
            return Response(await drawn(deep.png), media_type=_PNG, headers={WINDOW: window})

        with service.places.take():
            return await with_file(request, service, _wanted(request).name, answer)

    async def pdf(request: Request) -> Response:
        wanted = read_query(request)
        service.at(wanted.operating_point, wanted.prevalence)
        with service.places.take():
            async with service.printing.take():
                made = await print_files(request, service, wanted)
        return Response(made, media_type="application/pdf")

    return [
        *(_file_route(path, *file) for path, file in _FILES.items()),
        Route("/page/model", model, methods=["GET"]),
        Route("/page/images", image, methods=["POST"]),
        Route("/page/layers", layers, methods=["POST"]),
        Route("/page/pixels", pixels, methods=["POST"]),
        Route("/page/pdf", pdf, methods=["POST"]),
    ]


def _file_route(path: str, name: str, kind: str) -> Route:
    content = resources.files("pneumoscope.server").joinpath(name).read_bytes()
    if name == "page.css":
        palette = resources.files("pneumoscope.pages").joinpath("palette.css")
        content = palette.read_bytes() + content

    async def file(_: Request) -> Response:
        return Response(content, media_type=kind, headers={"Cache-Control": "no-cache"})

    return Route(path, file, methods=["GET"])


def _wanted(request: Request) -> Wanted:
    """Reads what a request asks for, with the name of its file from the header."""
    name = printable(unquote(request.headers.get(NAME, "")))
    return replace(read_query(request), name=name or Wanted.name)


async def _drawn(service: Service, make: Callable[..., _Made], *arguments: Any) -> _Made:
    """Calls a function on the threads that read images."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(service.predictor.pool, make, *arguments)


def _answer(predictor: Predictor, source: Source, found: Explanation) -> dict[str, Any]:
    """Makes all that the page shows of an image in its table."""
    shown, captions = show(source, found), Captions(predictor)
    prediction = shown.prediction
    caption = captions.caption(prediction)
    return {
        "record": prediction.to_dict(),
        "caption": {
            "heading": caption.heading,
            "probability": caption.probability,
            "meaning": captions.meaning(prediction),
            "remarks": caption.remarks,
            "evidence": caption.evidence,
        },
        "threshold": captions.threshold(prediction) if prediction.label else None,
        "csv": csv_line(prediction),
        "thumbnail": _thumbnail(shown.image),
        "overlay": _thumbnail(shown.overlay),
    }


def _thumbnail(pixels: NDArray[np.uint8] | None) -> str | None:
    if pixels is None:
        return None
    picture = Image.fromarray(pixels)
    picture.thumbnail((_SMALL, _SMALL))
    return data_uri(np.asarray(picture))


def _layer(source: Source, heatmap: NDArray[np.float32]) -> bytes:
    """Draws a heatmap as it lies over the picture of `load_display`: PNG, RGBA."""
    stream = BytesIO()
    picture = Image.fromarray(layer(heatmap, load_display(source).shape))
    picture.save(stream, "PNG", compress_level=_COMPRESSION)
    return stream.getvalue()
