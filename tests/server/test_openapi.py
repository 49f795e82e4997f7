"""The OpenAPI document says what the service does, and programs that go by it find no fault."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator
from starlette.routing import Route

from pneumoscope.server.app import make_app
from pneumoscope.server.openapi import PATH
from pneumoscope.types import Prediction, Status
from tests.server.conftest import Serve
from tests.server.running import TOKEN, Running
from tests.server.schemathesis import run_schemathesis

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
SHOWN = ("--header", f"Authorization: Bearer {TOKEN}")


@pytest.fixture
def document(server: Running) -> dict[str, Any]:
    answer = requests.get(server.url + PATH)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def check(document: dict[str, Any], name: str, value: object) -> None:
    """Checks a value against a schema of the document."""
    Draft202012Validator({**document, "$ref": f"#/components/schemas/{name}"}).validate(value)


def test_every_route_for_programs_is_described(server: Running, document: dict[str, Any]) -> None:
    served = {
        (route.path, method.lower())
        for route in make_app(server.service).routes
        if isinstance(route, Route) and not re.match("/(page|$)", route.path)  # for people
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {
        (path, method)
        for path, operations in document["paths"].items()
        for method in operations.keys() - {"parameters"}
    }
    assert described == served


def test_schemas_are_those_of_json_schema(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_record_is_described_whole(document: dict[str, Any]) -> None:
    record = Prediction("-", Status.ERROR, {"name": "brightness", "version": "0.0"})
    assert list(document["components"]["schemas"]["Record"]["properties"]) == list(record.to_dict())


@pytest.mark.parametrize(
    "query", ["", "?heatmap=png", "?heatmap=array", "?operating_point=default"]
)
def test_record_is_as_described(
    server: Running, document: dict[str, Any], image: bytes, query: str
) -> None:
    answer = requests.post(server.predictions + query, data=image)
    assert answer.status_code == 200
    check(document, "Record", answer.json())


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("get", "/v2", "Server"),
        ("get", "/v2/models/brightness", "Model"),
        ("get", "/v2/models/brightness-records/versions/0.0/ready", "ModelReady"),
        ("get", "/v2/health/live", "Live"),
        ("get", "/v2/health/ready", "Ready"),
        ("get", "/v2/models/darkness", "Error"),
        ("post", "/v2/models/brightness/infer", "Error"),
        ("put", "/v2", "Error"),
    ],
)
def test_answer_is_as_described(
    server: Running, document: dict[str, Any], method: str, path: str, name: str
) -> None:
    check(document, name, requests.request(method, server.url + path).json())


def test_inference_is_as_described(server: Running, document: dict[str, Any]) -> None:
    data = [[[7] * 32] * 32] * 2
    pixels = {"name": "pixels", "datatype": "UINT8", "shape": [2, 32, 32], "data": data}
    request = {"inputs": [pixels], "id": "1", "outputs": [{"name": "probabilities"}]}
    check(document, "InferenceRequest", request)
    answer = requests.post(f"{server.url}/v2/models/brightness/infer", json=request)
    assert answer.status_code == 200
    check(document, "InferenceResponse", answer.json())


def test_document_asks_for_the_token_where_the_service_does(serve: Serve) -> None:
    document = requests.get(serve(token=TOKEN).url + PATH, headers=HEADERS).json()
    assert document["security"] == [{"token": []}]
    assert document["paths"]["/v2/health/live"]["get"]["security"] == [{}]
    assert "security" not in document["paths"]["/v2"]["get"]


def test_schemathesis_finds_no_fault(serve: Serve, tmp_path: Path) -> None:
    server = serve(token=TOKEN)
    run_schemathesis(server.url + PATH, tmp_path, examples=5, options=SHOWN)


@pytest.mark.slow
def test_schemathesis_finds_no_fault_in_many_requests(serve: Serve, tmp_path: Path) -> None:
    server = serve(token=TOKEN)
    run_schemathesis(server.url + PATH, tmp_path, examples=300, options=SHOWN)
