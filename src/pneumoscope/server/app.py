"""The application: every route of the service, around one model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from pneumoscope.inference import Predictor
from pneumoscope.server import oip, predictions
from pneumoscope.server.service import Service
from pneumoscope.server.settings import Settings


def make_app(predictor: Predictor, settings: Settings) -> Starlette:
    """Makes the application.

    Args:
        predictor: the model.
        settings: settings of the service.
    """
    service = Service(predictor)

    @asynccontextmanager
    async def at_work(_: Starlette) -> AsyncIterator[None]:
        async with service:
            yield

    return Starlette(routes=[*predictions.routes(service), *oip.routes(service)], lifespan=at_work)
