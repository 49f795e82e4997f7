"""The application: every route of the service, around one model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from pneumoscope.errors import PneumoscopeError
from pneumoscope.server import drift, health, metrics, oip, openapi, page, predictions
from pneumoscope.server.access import Access
from pneumoscope.server.draining import Draining
from pneumoscope.server.guard import Guard
from pneumoscope.server.headers import WithHeaders
from pneumoscope.server.rate import Rate
from pneumoscope.server.refusals import answer_error, answer_unrouted
from pneumoscope.server.service import Service
from pneumoscope.server.traces import Traced, Traces, open_traces


def make_app(service: Service) -> Starlette:
    """Makes the application.

    Args:
        service: the model in service.
    """
    traces = open_traces()

    @asynccontextmanager
    async def at_work(_: Starlette) -> AsyncIterator[None]:
        try:
            async with service:
                yield
        finally:
            if traces is not None:
                await asyncio.to_thread(traces.close)

    app = Starlette(
        routes=[
            *predictions.routes(service),
            *oip.routes(service),
            *page.routes(service),
            *openapi.routes(service),
            *health.routes(service),
            *metrics.routes(service.metrics),
            *drift.routes(service),
        ],
        middleware=list(_middleware(service, traces)),
        exception_handlers={PneumoscopeError: answer_error, HTTPException: answer_unrouted},
        lifespan=at_work,
    )
    app.router.redirect_slashes = False  # to an address that the client has chosen by its `Host`
    return app


def _middleware(service: Service, traces: Traces | None) -> Iterator[Middleware]:
    """Yields what a request passes on its way to its route, the outermost first."""
    settings = service.settings
    if traces is not None:
        yield Middleware(Traced, traces)
    yield Middleware(metrics.Measured, service.metrics)
    yield Middleware(WithHeaders)
    yield Middleware(Guard, service.metrics.abandoned)
    yield Middleware(Draining, settings.patience)
    yield Middleware(Access, settings)
    if settings.rate is not None:
        yield Middleware(Rate, settings.rate)
