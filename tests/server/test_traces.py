"""Traces go to the collector that the environment names, and to nobody where it names none."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from pneumoscope.errors import DependencyError
from pneumoscope.server.traces import ENDPOINTS, open_traces
from tests.conftest import encoded, picture
from tests.server.running import running

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@contextmanager
def collector() -> Iterator[tuple[str, list[ResourceSpans]]]:
    """Runs a collector; yields its address, and what it is sent."""
    received: list[ResourceSpans] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.extend(ExportTraceServiceRequest.FromString(body).resource_spans)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


def spans(received: list[ResourceSpans]) -> dict[str, Span]:
    found = [span for one in received for scope in one.scope_spans for span in scope.spans]
    names = {span.name: span for span in found}
    assert len(names) == len(found)
    return names


def facts(span: Span) -> dict[str, object]:
    """Returns the attributes of a span."""
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes
    }


def test_request_is_traced_below_the_span_of_its_client(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collector() as (url, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        with running(bundle) as server:
            answer = requests.post(
                f"{server.url}/v1/predictions?name=DOE%5EJANE.png&heatmap=png",
                data=encoded(picture()),
                headers={"traceparent": f"00-{TRACE}-{PARENT}-01"},
            )
            assert answer.status_code == 200
    (resource,) = {
        each.value.string_value
        for one in received
        for each in one.resource.attributes
        if each.key == "service.name"
    }
    assert resource == "pneumoscope"
    found = spans(received)
    whole = found.pop("POST /v1/predictions")
    assert (whole.trace_id.hex(), whole.parent_span_id.hex()) == (TRACE, PARENT)
    assert whole.kind == Span.SPAN_KIND_SERVER
    assert facts(whole) == {
        "http.request.method": "POST",
        "http.route": "/v1/predictions",
        "http.response.status_code": 200,
    }
    assert set(found) == {"receive", "read", "judge", "explain", "encode"}
    for part in found.values():
        assert (part.trace_id, part.parent_span_id) == (whole.trace_id, whole.span_id)
        assert whole.start_time_unix_nano <= part.start_time_unix_nano
        assert part.end_time_unix_nano <= whole.end_time_unix_nano
    assert "DOE" not in "".join(map(str, received))


def test_request_that_no_route_takes_is_traced_without_its_address(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collector() as (url, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{url}/v1/traces")
        with running(bundle) as server:
            assert requests.get(f"{server.url}/DOE%5EJANE").status_code == 404
    assert list(spans(received)) == ["GET other"]
    assert "DOE" not in "".join(map(str, received))


def test_collector_that_is_away_disturbs_nothing(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with collector() as (url, _):
        pass
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with caplog.at_level(logging.WARNING), running(bundle) as server:
        url = f"{server.url}/v1/predictions"
        assert requests.post(url, data=encoded(picture())).status_code == 200
    assert [record.levelname for record in caplog.records if record.exc_info] == []


def test_extra_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    for module in [name for name in sys.modules if name.startswith("opentelemetry.sdk")]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DependencyError) as caught:
        open_traces()
    assert caught.value.values == {"extra": "traces"}


def test_nothing_is_sent_or_imported_without_a_collector(bundle: Path) -> None:
    script = (
        "import sys, requests; from pathlib import Path\n"
        "from tests.server.running import running\n"
        f"with running(Path({str(bundle)!r})) as server:\n"
        "    requests.get(f'{server.url}/v2').raise_for_status()\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ENDPOINTS}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert (ran.stdout, ran.stderr) == ("[]\n", "")
