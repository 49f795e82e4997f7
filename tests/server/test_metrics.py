"""Metrics of the service: what Prometheus reads, and that it holds no names."""

from __future__ import annotations

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import encoded, picture
from tests.server.conftest import Serve


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_images_reasons_and_batches_are_counted(serve: Serve, image: bytes) -> None:
    found = serve()
    dark = encoded(picture() // 16)
    for data in (image, dark, b"no image"):
        requests.post(found.predictions, data=data, params={"name": "PLANTED"}, timeout=20)
    requests.get(f"{found.url}/PLANTED", timeout=20)
    answer = requests.get(f"{found.url}/metrics", timeout=20)
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "PLANTED" not in answer.text
    counts = samples(answer.text)
    common = "pneumoscope_serve"
    assert counts[f"{common}_requests_total", "/v1/predictions", "200"] == 2
    assert counts[f"{common}_requests_total", "/v1/predictions", "422"] == 1
    assert counts[f"{common}_requests_total", "other", "404"] == 1
    assert counts[f"{common}_request_seconds_count", "/v1/predictions"] == 3
    for status in ("accepted", "refused", "error"):
        assert counts[f"{common}_images_total", status] == 1
    assert counts[f"{common}_codes_total", "unlike-training"] == 1
    assert counts[f"{common}_batch_images_sum",] == 3
    assert counts[f"{common}_waiting",] == 0
    assert counts[f"{common}_abandoned_total",] == 0
