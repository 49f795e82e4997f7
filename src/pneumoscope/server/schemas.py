"""Schemas of what the service takes and gives, for its OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pneumoscope.bundle import BundleInfo
from pneumoscope.server.models import Model
from pneumoscope.server.oip import EXTENSIONS
from pneumoscope.server.tensors import MOST_IMAGES, Tensor
from pneumoscope.types import RECORD_SCHEMA, Status

Schema = Mapping[str, Any]
"""A schema of JSON."""

_KINDS = {"FP32": "number", "BOOL": "boolean", "BYTES": "string"}

_TEXT: Schema = {"type": "string"}
_MAYBE_TEXT: Schema = {"type": ["string", "null"]}
_MAYBE_NUMBER: Schema = {"type": ["number", "null"]}
_FLAG: Schema = {"type": "boolean"}
_FACTS: Schema = {"type": "object"}
_PARAMETERS: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean"]},
}


def ref(name: str) -> Schema:
    """Refers to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def schemas(info: BundleInfo, pixels: Model, records: Model) -> dict[str, Schema]:
    """Makes the schemas, by name.

    Args:
        info: description of the model.
        pixels: model of pixels to probabilities.
        records: model of image files to records.
    """
    inputs = _list({"oneOf": [ref("Pixels"), ref("File")]}, 1)
    gives = (*pixels.gives, *records.gives)
    return {
        "Error": _object({"error": _TEXT, "code": _TEXT, "values": _FACTS}, "error"),
        "Notice": _object({"code": _TEXT, "text": _TEXT, "values": _FACTS}),
        "Record": _record(info),
        "Heatmap": _heatmap(),
        "Live": _object({"live": _FLAG}),
        "Ready": _object({"ready": _FLAG}),
        "ModelReady": _object({"name": _TEXT, "ready": _FLAG}),
        "Server": _object(
            {
                "name": _TEXT,
                "version": _TEXT,
                "extensions": {"type": "array", "items": {"enum": list(EXTENSIONS)}},
            }
        ),
        "Tensor": _object(
            {"name": _TEXT, "datatype": _TEXT, "shape": _list({"type": "integer"})},
        ),
        "Model": _object(
            {
                "name": {"enum": [pixels.name, records.name]},
                "versions": _list(_TEXT, 1),
                "platform": _TEXT,
                "inputs": _list(ref("Tensor"), 1),
                "outputs": _list(ref("Tensor")),
                "parameters": _PARAMETERS,
            }
        ),
        "Pixels": _input(pixels.takes, _numbers()),
        "File": _input(records.takes, None),
        "InferenceRequest": _object(
            {
                "id": _TEXT,
                "inputs": inputs,
                "outputs": _list({"oneOf": [_wanted(tensor) for tensor in gives]}),
                "parameters": _asked(info),
            },
            "inputs",
        ),
        "InferenceResponse": _object(
            {
                "model_name": {"enum": [pixels.name, records.name]},
                "model_version": {"const": pixels.version},
                "id": _TEXT,
                "outputs": _list({"oneOf": [_output(tensor) for tensor in gives]}),
            },
            "model_name",
            "model_version",
            "outputs",
        ),
    }


def _object(properties: Mapping[str, Schema], *required: str) -> Schema:
    """Makes the schema of an object; without further words all of its properties are there."""
    wanted = list(required or properties)
    return {"type": "object", "properties": dict(properties), "required": wanted}


def _list(items: Schema, exactly: int | None = None) -> Schema:
    whole = {"type": "array", "items": items}
    return whole if exactly is None else {**whole, "minItems": exactly, "maxItems": exactly}


def _record(info: BundleInfo) -> Schema:
    probability = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
    of_classes = {name: {"type": "number", "minimum": 0, "maximum": 1} for name in info.classes}
    notices = {"type": "array", "items": ref("Notice")}
    return _object(
        {
            "schema_version": {"const": RECORD_SCHEMA},
            "path": _TEXT,
            "label": {"enum": [*info.classes, None]},
            "probability": probability,
            "probabilities": {"type": "object", "properties": of_classes},
            "status": {"enum": [status.value for status in Status]},
            "reasons": notices,
            "warnings": notices,
            "distance": _MAYBE_NUMBER,
            "nearest_source": _MAYBE_TEXT,
            "gate": _FLAG,
            "operating_point": {"enum": [*(point.name for point in info.operating_points), None]},
            "prevalence": _MAYBE_NUMBER,
            "heatmap": {"anyOf": [_MAYBE_TEXT, ref("Heatmap")]},
            "model": _object({"name": {"const": info.name}, "version": {"const": info.version}}),
            "error": _MAYBE_TEXT,
            "error_code": _MAYBE_TEXT,
        }
    )


def _heatmap() -> Schema:
    row = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}}
    return _object({"shape": _list({"type": "integer"}, 2), "data": _list(row)})


def _numbers() -> Schema:
    """Makes the schema of pixels, in one list or in lists of lists of rows."""
    row = _list({"type": "integer", "minimum": 0, "maximum": 255})
    return {"anyOf": [row, _list(_list(row))]}


def _input(tensor: Tensor, data: Schema | None) -> Schema:
    sides = [{"const": side} for side in tensor.sides]
    images = {"type": "integer", "minimum": 1, "maximum": MOST_IMAGES}
    size = {"type": "integer", "minimum": 0}
    dimensions = 1 + len(sides)
    shape = {
        "type": "array",
        "prefixItems": [images, *sides],
        "minItems": dimensions,
        "maxItems": dimensions,
    }
    return _object(
        {
            "name": {"const": tensor.name},
            "datatype": {"const": tensor.datatype},
            "shape": shape,
            "parameters": {"type": "object", "properties": {"binary_data_size": size}},
            **({} if data is None else {"data": data}),
        },
        *("name", "datatype", "shape"),
    )


def _wanted(tensor: Tensor) -> Schema:
    binary = {"type": "object", "properties": {"binary_data": _FLAG}}
    return _object({"name": {"const": tensor.name}, "parameters": binary}, "name")


def _output(tensor: Tensor) -> Schema:
    return _object(
        {
            "name": {"const": tensor.name},
            "datatype": {"const": tensor.datatype},
            "shape": _list({"type": "integer"}, 1 + len(tensor.sides)),
            "data": _list({"type": _KINDS[tensor.datatype]}),
        }
    )


def _asked(info: BundleInfo) -> Schema:
    points = [point.name for point in info.operating_points]
    known = {
        "binary_data_output": _FLAG,
        "operating_point": {"enum": points},
        "prevalence": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    }
    return {"type": "object", "properties": known}
