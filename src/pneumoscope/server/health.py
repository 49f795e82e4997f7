"""The routes of health, as the Open Inference Protocol names them: is it alive, and is it ready."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pneumoscope.server.service import Service


def routes(service: Service) -> Sequence[Route]:
    """Makes the routes of health.

    Args:
        service: the model in service.
    """

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        return JSONResponse({"ready": service.ready}, 200 if service.ready else 503)

    return [Route("/v2/health/live", live), Route("/v2/health/ready", ready)]
