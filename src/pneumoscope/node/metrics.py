"""Counters and histograms of the node, for Prometheus.

They hold nothing that identifies a patient, since events do not. A calling AE title is no label
either: whoever can connect may choose as many as they like.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial, singledispatchmethod

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from pneumoscope.errors import SettingsError
from pneumoscope.monitor.gauges import ALARM, IMAGES, NAMESPACE, PSI
from pneumoscope.node.events import (
    Broken,
    Committed,
    Dead,
    Delayed,
    Delivered,
    Drift,
    DriftUnknown,
    Event,
    Failed,
    Finished,
    Ignored,
    NotStored,
    Predicted,
    Received,
    Refused,
    Rejected,
)

_NAMESPACE = "pneumoscope_node"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600, 3600, 86400)
"""Upper bounds of the buckets: from one write to the disk to an archive that is away for a day."""


class Metrics:
    """Counts what happens, from any thread.

    Attributes:
        registry: registry of these metrics alone, without those of the process and of Python.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        count = partial(Counter, namespace=_NAMESPACE, registry=self.registry)
        time = partial(Histogram, namespace=_NAMESPACE, registry=self.registry, buckets=_SECONDS)
        result = ("destination", "kind")
        self._refused = count("refused_associations", "Associations refused", ["reason"])
        self._broken = count("broken_associations", "Associations ended in the middle of an object")
        self._received = count(
            "received", "Objects written to the spool", ["sop_class", "transfer_syntax"]
        )
        self._bytes = count("received_bytes", "Bytes of the objects written to the spool")
        self._repeated = count("repeated", "Objects received that were in the spool already")
        self._ignored = count("ignored", "Own results that came back and were dropped")
        self._not_stored = count("not_stored", "Objects answered with a failure", ["code"])
        self._predicted = count("predicted", "Objects predicted", ["status"])
        self._codes = count("codes", "Reasons for refusing, and warnings", ["code"])
        self._delivered = count("delivered", "Results that a destination took", result)
        self._committed = count("committed", "Results that a destination committed to keep", result)
        self._rejected = count("rejected", "Results that a destination refused", [*result, "code"])
        self._delayed = count(
            "delayed", "Attempts that failed, and are repeated", ["destination", "code"]
        )
        self._away = Gauge(
            "away",
            "1 if the last attempt failed, otherwise 0",
            ["destination"],
            namespace=_NAMESPACE,
            registry=self.registry,
        )
        self._finished = count("finished", "Objects whose results are all delivered")
        self._dead = count("dead", "Objects that became dead letters", ["code"])
        watch = partial(Gauge, namespace=NAMESPACE, registry=self.registry)
        self._psi = watch("psi", PSI, ["quantity"])
        self._alarm, self._images = watch("alarm", ALARM), watch("images", IMAGES)
        self._drift_unknown = count("drift_unknown", "Times that counts could not be kept or read")
        self._failed = count("failed", "Faults of the program", ["error"])
        self._receiving = time("receiving_seconds", "Time to write an object to the disk")
        self._queued = time("queued_seconds", "Time from the arrival of an object to its turn")
        self._predicting = time("predicting_seconds", "Time to read and predict an object")
        self._deriving = time("deriving_seconds", "Time to derive the results of an object")
        self._delivering = time("delivering_seconds", "Time to deliver a result", ["destination"])
        self._lasting = time("lasting_seconds", "Time from the arrival of an object to its end")

    @singledispatchmethod
    def __call__(self, event: Event) -> None:
        """Takes an event."""
        raise NotImplementedError(type(event).__name__)

    @__call__.register
    def _(self, event: Refused) -> None:
        self._refused.labels(event.reason).inc()

    @__call__.register
    def _(self, event: Broken) -> None:
        self._broken.inc()

    @__call__.register
    def _(self, event: Received) -> None:
        if event.repeated:
            self._repeated.inc()
            return
        self._received.labels(event.sop_class, event.transfer_syntax).inc()
        self._bytes.inc(event.size)
        self._receiving.observe(event.seconds)

    @__call__.register
    def _(self, event: Ignored) -> None:
        self._ignored.inc()

    @__call__.register
    def _(self, event: NotStored) -> None:
        self._not_stored.labels(event.code).inc()

    @__call__.register
    def _(self, event: Predicted) -> None:
        self._predicted.labels(event.status).inc()
        for code in event.codes:
            self._codes.labels(code).inc()
        self._queued.observe(event.queued)
        self._predicting.observe(event.predicting)
        self._deriving.observe(event.deriving)

    @__call__.register
    def _(self, event: Delivered) -> None:
        self._delivered.labels(event.destination, event.kind).inc()
        self._delivering.labels(event.destination).observe(event.seconds)
        self._away.labels(event.destination).set(0)

    @__call__.register
    def _(self, event: Committed) -> None:
        self._committed.labels(event.destination, event.kind).inc()

    @__call__.register
    def _(self, event: Rejected) -> None:
        self._rejected.labels(event.destination, event.kind, event.code).inc()
        self._away.labels(event.destination).set(0)

    @__call__.register
    def _(self, event: Delayed) -> None:
        self._delayed.labels(event.destination, event.code).inc()
        self._away.labels(event.destination).set(1)

    @__call__.register
    def _(self, event: Finished) -> None:
        self._finished.inc()
        self._lasting.observe(event.seconds)

    @__call__.register
    def _(self, event: Dead) -> None:
        self._dead.labels(event.code).inc()

    @__call__.register
    def _(self, event: Drift) -> None:
        self._alarm.set(event.alarm)
        self._images.set(event.images)
        for name, psi in event.psi.items():
            self._psi.labels(name).set(psi)

    @__call__.register
    def _(self, event: DriftUnknown) -> None:
        self._drift_unknown.inc()

    @__call__.register
    def _(self, event: Failed) -> None:
        self._failed.labels(event.error).inc()


@contextmanager
def served(metrics: Metrics, port: int, host: str = "127.0.0.1") -> Iterator[int]:
    """Serves metrics by HTTP during the block.

    Args:
        metrics: the metrics.
        port: port to listen on; 0 for any that is free.
        host: address to listen on; by default only this machine can ask.

    Yields:
        The port.

    Raises:
        SettingsError: if it cannot listen there.
    """
    try:
        server, thread = start_http_server(port, host, metrics.registry)
    except OSError as error:
        raise SettingsError(
            f"Cannot serve metrics on {host}, port {port}: {error.strerror}",
            remedy="Choose another `metrics_port`",
            code="port-taken",
            values={"setting": "metrics_port", "received": port},
        ) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
