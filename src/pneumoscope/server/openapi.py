"""The OpenAPI document of the service, made of the constants that its routes go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pneumoscope.server.messages import JSON_LENGTH
from pneumoscope.server.models import Model, models
from pneumoscope.server.schemas import Schema, ref, schemas
from pneumoscope.server.service import Service
from pneumoscope.server.wanted import HEATMAPS
from pneumoscope.types import RESEARCH_NOTICE
from pneumoscope.version import __version__

PATH = "/openapi.json"

_JSON = "application/json"
_BYTES = "application/octet-stream"
_TEXT = {"type": "string"}
_MEANINGS = {
    400: "The request is malformed, or asks for what there is not.",
    401: "The token is missing or wrong.",
    403: "Asked by a page of another site, or by a name that is not the service's.",
    404: "There is nothing at this address.",
    408: "The body arrived too slowly.",
    413: "The body is too large, or has too many files.",
    415: "The body is compressed, or of a kind that is not read.",
    422: "The image cannot be predicted.",
    429: "Too many requests of one client.",
    500: "The service has failed at this request.",
    503: "The service is full or stopping.",
}
_ANY = (401, 403, 429, 500)
_OF_BODIES = (400, 408, 413, 415, 503)


def document(service: Service) -> dict[str, Any]:
    """Makes the document.

    Args:
        service: the model in service.
    """
    info, served = service.predictor.info, models(service)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pneumoscope",
            "version": __version__,
            "summary": "Classifies chest radiographs as " + " or ".join(info.classes),
            "description": RESEARCH_NOTICE,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}] if service.settings.token is None else [{"token": []}],
        "paths": {
            "/v1/predictions": {"post": _predict(service)},
            **_protocol(served),
            **_health(),
            "/metrics": {"get": _get("Metrics for Prometheus", {"text/plain": _TEXT})},
            PATH: {"get": _get("This document", {_JSON: {"type": "object"}})},
        },
        "components": {
            "schemas": schemas(info, *served),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def routes(service: Service) -> Sequence[Route]:
    """Makes the route of the document.

    Args:
        service: the model in service.
    """
    found = document(service)

    async def tell(_: Request) -> Response:
        return JSONResponse(found)

    return [Route(PATH, tell)]


def _predict(service: Service) -> dict[str, Any]:
    limits, info = service.settings, service.predictor.info
    points = [point.name for point in info.operating_points]
    # Under any name; and no type, since all that stands in a form is bytes.
    form = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"contentMediaType": _BYTES},
    }
    within = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    records = {"type": "object", "properties": {"predictions": _list_of("Record")}}
    return {
        "summary": "Predict images",
        "description": "One image file as the body, or several in the parts of a form: "
        f"{limits.most_parts} at most, each of {limits.most_bytes} bytes at most.",
        "operationId": "predict",
        "parameters": [
            _query("operating_point", "threshold that makes the label", {"enum": points}),
            _query("prevalence", "fraction for which probabilities are restated", within),
            _query("heatmap", "form of the heatmap", {"enum": list(HEATMAPS)}),
            _query("name", "name of a file that is the body, for its record", _TEXT),
        ],
        "requestBody": {
            "required": True,
            "content": {_BYTES: {}, "multipart/form-data": {"schema": form}},
        },
        "responses": {
            **_answer({_JSON: {"anyOf": [ref("Record"), records]}}),
            **_errors(*_ANY, *_OF_BODIES),
            **_answer({_JSON: ref("Record")}, 422, _MEANINGS[422]),
        },
    }


def _protocol(served: Sequence[Model]) -> dict[str, Any]:
    """Describes the Open Inference Protocol."""
    name = _path("name", [model.name for model in served])
    version = _path("version", [served[0].version])
    server = _get("The server", {_JSON: ref("Server")})
    paths: dict[str, Any] = {"/v2": {"get": server}, "/v2/": {"get": server}}
    for middle, parameters in (("", [name]), ("/versions/{version}", [name, version])):
        path = f"/v2/models/{{name}}{middle}"
        paths[path] = {
            "parameters": parameters,
            "get": _get("A model", {_JSON: ref("Model")}, 404),
        }
        paths[f"{path}/ready"] = {
            "parameters": parameters,
            "get": _ready("Whether a model is ready", "ModelReady", 404),
        }
        paths[f"{path}/infer"] = {"parameters": parameters, "post": _infer()}
    return paths


def _infer() -> dict[str, Any]:
    length = {"schema": {"type": "integer", "minimum": 0}}
    answer = _answer({_JSON: ref("InferenceResponse"), _BYTES: {}})
    answer["200"]["headers"] = {JSON_LENGTH: length}
    return {
        "summary": "Ask a model",
        "description": f"With binary tensors the header {JSON_LENGTH} gives the length of the "
        "JSON, and the tensors follow it.",
        "requestBody": {
            "required": True,
            "content": {_JSON: {"schema": ref("InferenceRequest")}},
        },
        "responses": {**answer, **_errors(*_ANY, *_OF_BODIES, 404, 422)},
    }


def _health() -> dict[str, Any]:
    live = _get("Whether the service runs", {_JSON: ref("Live")})
    ready = _ready("Whether it takes requests", "Ready")
    return {
        path: {"get": {**operation, "security": [{}]}}
        for path, operation in (("/v2/health/live", live), ("/v2/health/ready", ready))
    }


def _get(summary: str, content: Mapping[str, Schema], *errors: int) -> dict[str, Any]:
    return {"summary": summary, "responses": {**_answer(content), **_errors(*_ANY, *errors)}}


def _ready(summary: str, schema: str, *errors: int) -> dict[str, Any]:
    operation = _get(summary, {_JSON: ref(schema)}, *errors)
    operation["responses"] |= _answer({_JSON: ref(schema)}, 503, "Not now.")
    return operation


def _answer(
    content: Mapping[str, Schema], status: int = 200, meaning: str = "OK"
) -> dict[str, Any]:
    of_kinds = {kind: {"schema": schema} if schema else {} for kind, schema in content.items()}
    return {str(status): {"description": meaning, "content": of_kinds}}


def _errors(*statuses: int) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status in sorted(statuses):
        answers |= _answer({_JSON: ref("Error")}, status, _MEANINGS[status])
    return answers


def _query(name: str, what: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": what.capitalize(), "schema": schema}


def _path(name: str, values: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"enum": list(values)}}


def _list_of(name: str) -> Schema:
    return {"type": "array", "items": ref(name)}
