"""Traces of requests, sent to a collector of OpenTelemetry where the environment names one.

Without the variable nothing of OpenTelemetry is imported, and nothing is sent. A span holds the
route, the status and the times of a request, and never the name of a file or the text of an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pneumoscope.errors import extra_needed
from pneumoscope.server.route import route_of
from pneumoscope.version import __version__

if TYPE_CHECKING:
    from opentelemetry.trace import Span

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Variables that name the collector, as every program of OpenTelemetry knows them."""

Start = Callable[..., AbstractContextManager["Span"]]
"""Function that starts a span of a name, and ends it with its block."""

_start: ContextVar[Start | None] = ContextVar("_start", default=None)


def span(name: str) -> AbstractContextManager[object]:
    """Measures a part of the request in work during a block, if requests are traced.

    Args:
        name: name of the part.
    """
    start = _start.get()
    return nullcontext() if start is None else start(name)


def open_traces() -> Traces | None:
    """Returns what sends traces; None where the environment names no collector.

    Raises:
        DependencyError: if it does, and the extra `traces` is not installed.
    """
    return Traces() if any(map(os.environ.get, ENDPOINTS)) else None


class Traces:
    """Sends traces in the background, to the collector that the environment names.

    Raises:
        DependencyError: if the extra `traces` is not installed.
    """

    def __init__(self) -> None:
        with extra_needed("traces", "Sending traces"):
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        name = os.environ.get("OTEL_SERVICE_NAME", "pneumoscope")
        resource = Resource.create({"service.name": name, "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._propagator = TraceContextTextMapPropagator()
        self._start: Start = partial(
            self._provider.get_tracer("pneumoscope", __version__).start_as_current_span,
            record_exception=False,  # its text may hold the name of a file, or of a patient
            set_status_on_exception=False,
        )

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """Traces a request, with all parts of it that `span` measures meanwhile.

        Args:
            method: its method of HTTP.
            headers: its headers, which may name the span of the client that it is a part of.
        """
        from opentelemetry.trace import SpanKind

        around, facts = self._propagator.extract(headers), {"http.request.method": method}
        token = _start.set(self._start)
        try:
            with self._start(method, around, SpanKind.SERVER, facts) as whole:
                yield whole
        finally:
            _start.reset(token)

    def close(self) -> None:
        """Sends what is left, and nothing more."""
        self._provider.shutdown()


class Traced:
    """Traces the requests of an application.

    Args:
        app: the application.
        traces: what sends the traces.
    """

    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self._app, self._traces = app, traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        with self._traces.request(method, Headers(scope=scope)) as whole:

            async def send_and_note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    route, status = route_of(scope), message["status"]
                    whole.update_name(f"{method} {route}")
                    whole.set_attribute("http.route", route)
                    whole.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        whole.set_attribute("error.type", str(status))
                await send(message)

            await self._app(scope, receive, send_and_note)
