"""Every answer is JSON, safe for a browser, and says nothing of a fault but that there was one."""

from __future__ import annotations

import json

import pytest
import requests

from pneumoscope.server.headers import HEADERS
from tests.node.conftest import make_radiograph, to_bytes
from tests.server.running import Running

PLANTED = "PLANTED^NAME"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "request-unknown"),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404, "request-unknown"),
        ("POST", "/v1/predictions/", 404, "request-unknown"),
        ("GET", "/v1/predictions", 405, "request-method"),
        ("DELETE", "/v1/predictions", 405, "request-method"),
        ("PROPFIND", "/v1/predictions", 405, "request-method"),
        ("POST", "/metrics", 405, "request-method"),
    ],
)
def test_what_is_not_there_is_answered_in_json(
    server: Running, method: str, path: str, status: int, code: str
) -> None:
    answer = requests.request(method, server.url + path, timeout=20, allow_redirects=False)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"error", "code", "values"}
    if status == 405:
        assert answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/nowhere", "/metrics", "/v2/health/live", "/v1/predictions"])
def test_every_answer_has_the_headers(server: Running, path: str) -> None:
    answer = requests.get(server.url + path, timeout=20)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "Server" not in answer.headers


def test_a_fault_is_told_by_its_kind_alone(
    server: Running,
    image: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(PLANTED)

    monkeypatch.setattr(server.service.predictor, "judge", fail)
    answer = requests.post(
        server.predictions, data=image, params={"name": f"{PLANTED}.png"}, timeout=20
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "service-failed")
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    files = [("f", (f"{PLANTED}.png", image))] * 20
    assert requests.post(server.predictions, files=files, timeout=20).status_code == 500
    said = capfd.readouterr()
    assert PLANTED not in said.out + said.err + answer.text
    lines = [json.loads(line) for line in said.err.splitlines()]
    assert [(line["event"], line["error"], line["path"]) for line in lines] == [
        ("fault", "ValueError", "/v1/predictions")
    ] * 2
    monkeypatch.undo()
    assert requests.post(server.predictions, data=image, timeout=20).status_code == 200


def test_the_service_is_quiet(
    server: Running, image: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    requests.post(server.predictions, data=image, timeout=20)
    requests.post(server.predictions, data=b"no image", timeout=20)
    requests.get(f"{server.url}/nowhere", timeout=20)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    requests.post(server.predictions, data=b"PLANTED^NAME", headers=headers, timeout=20)
    radiograph = to_bytes(make_radiograph())
    assert PLANTED.encode() in radiograph
    for data in (radiograph, radiograph[:-1], radiograph.replace(b"CR", b"ZZ")):
        requests.post(server.predictions, data=data, params={"name": PLANTED}, timeout=20)
    said = capfd.readouterr()
    assert said.out + said.err == ""
    assert "PLANTED" not in requests.get(f"{server.url}/metrics", timeout=20).text
