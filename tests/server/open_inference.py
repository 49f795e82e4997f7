"""An OpenAPI document of the Open Inference Protocol, in words of our own.

The one that KServe publishes (open_inference_rest.yaml, of 2023) cannot be gone by as it is:

- its paths hold "${MODEL_NAME}", and so a dollar sign that belongs to no name;
- it has models with versions alone, although the protocol lets them be left out;
- of the errors it has 400 alone, and for some requests none; the protocol says "typically 400";
- `data` is required of every tensor, although a binary tensor has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_TEXT = {"type": "string"}
_ANY = {"type": "object"}
_WHOLE = {"type": "array", "items": {"type": "integer"}}


def _object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Any:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": list(required), "properties": properties}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_SCALAR = {"anyOf": [{"type": "number"}, _TEXT, {"type": "boolean"}]}
_DATA = _list({"anyOf": [_SCALAR, _list({"anyOf": [_SCALAR, _list(_SCALAR)]})]})
_TENSOR = {"name": _TEXT, "datatype": _TEXT, "shape": _WHOLE}
_FILLED = _object(_TENSOR, {"data": _DATA, "parameters": _ANY})
_SERVER = _object({"name": _TEXT, "version": _TEXT, "extensions": _list(_TEXT)})
_MODEL = _object(
    {
        "name": _TEXT,
        "platform": _TEXT,
        "inputs": _list(_object(_TENSOR)),
        "outputs": _list(_object(_TENSOR)),
    },
    {"versions": _list(_TEXT)},
)
_READY = _object({"name": _TEXT, "ready": {"type": "boolean"}})
_REQUEST = _object(
    {"inputs": _list(_FILLED)},
    {
        "id": _TEXT,
        "parameters": _ANY,
        "outputs": _list(_object({"name": _TEXT}, {"parameters": _ANY})),
    },
)
_RESPONSE = _object(
    {"model_name": _TEXT, "outputs": _list(_FILLED)},
    {"model_version": _TEXT, "id": _TEXT, "parameters": _ANY},
)


def document(names: Sequence[str], version: str) -> dict[str, Any]:
    """Makes the document for models of these names, all of one version."""
    paths: dict[str, Any] = {
        "/v2": {"get": _answers(_SERVER)},
        "/v2/health/live": {"get": _answers(_object({"live": {"type": "boolean"}}))},
        "/v2/health/ready": {"get": _answers(_ANY)},
    }
    name, of_version = _parameter("name", names), _parameter("version", [version])
    for path, parameters in (
        ("/v2/models/{name}", [name]),
        ("/v2/models/{name}/versions/{version}", [name, of_version]),
    ):
        paths[path] = {"parameters": parameters, "get": _answers(_MODEL)}
        paths[f"{path}/ready"] = {"parameters": parameters, "get": _answers(_READY)}
        paths[f"{path}/infer"] = {
            "parameters": parameters,
            "post": {**_answers(_RESPONSE), "requestBody": _json(_REQUEST, required=True)},
        }
    information = {"title": "Open Inference Protocol", "version": "2"}
    return {"openapi": "3.0.0", "info": information, "paths": paths}


def _json(schema: Mapping[str, Any], **more: object) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}, **more}


def _answers(schema: Mapping[str, Any]) -> dict[str, Any]:
    error = _json(_object({"error": _TEXT}), description="Error")
    return {"responses": {"200": _json(schema, description="OK"), "4XX": error}}


def _parameter(name: str, values: Sequence[str]) -> dict[str, Any]:
    schema = {"type": "string", "enum": list(values)}
    return {"name": name, "in": "path", "required": True, "schema": schema}
