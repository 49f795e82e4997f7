"""Counters and histograms of the service, for Prometheus.

They hold nothing that identifies a patient, a file or a client.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pneumoscope.inference import BATCH
from pneumoscope.server.route import route_of
from pneumoscope.types import Prediction

_NAMESPACE = "pneumoscope_serve"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = [size for size in (1, 2, 4, 8) if size < BATCH] + [BATCH]


class Metrics:
    """Counts what happens.

    Attributes:
        registry: registry of these metrics alone, without those of the process and of Python.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        count = partial(Counter, namespace=_NAMESPACE, registry=self.registry)
        measure = partial(Histogram, namespace=_NAMESPACE, registry=self.registry)
        time = partial(measure, buckets=_SECONDS)
        self._requests = count("requests", "Requests answered", ["route", "status"])
        self._seconds = time("request_seconds", "Time from a request to its answer", ["route"])
        self._abandoned = count("abandoned", "Requests whose client left before the answer")
        self._images = count("images", "Predictions of images", ["status"])
        self._codes = count("codes", "Reasons for refusing, and warnings", ["code"])
        self._drift_unknown = count("drift_unknown", "Times that counts could not be kept or read")
        self._batches = measure("batch_images", "Images in a batch", buckets=_SIZES)
        self._waiting = Gauge(
            "waiting",
            "Requests in work or waiting for it",
            namespace=_NAMESPACE,
            registry=self.registry,
        )

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Counts a request that was answered."""
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def abandoned(self) -> None:
        """Counts a request whose client has left."""
        self._abandoned.inc()

    def predicted(self, prediction: Prediction) -> None:
        """Counts an image."""
        self._images.labels(prediction.status.value).inc()
        for notice in (*prediction.reasons, *prediction.warnings):
            self._codes.labels(notice.code).inc()

    def drift_unknown(self) -> None:
        """Counts a look for drift that has failed."""
        self._drift_unknown.inc()

    def batch(self, size: int) -> None:
        """Counts a batch of images."""
        self._batches.observe(size)

    def watch_waiting(self, waiting: Callable[[], float]) -> None:
        """Sets the function that tells how many requests are in work or wait."""
        self._waiting.set_function(waiting)

    def text(self) -> bytes:
        """Writes all of them in the format of Prometheus."""
        return generate_latest(self.registry)


class Measured:
    """Counts the requests of an application by their route.

    Args:
        app: the application.
        metrics: what counts them.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = perf_counter() - began
                self._metrics.answered(route_of(scope), message["status"], seconds)
            await send(message)

        await self._app(scope, receive, send_and_count)


def routes(metrics: Metrics) -> Sequence[Route]:
    """Makes the route of the metrics.

    Args:
        metrics: the metrics.
    """

    async def tell(_: Request) -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", tell)]
