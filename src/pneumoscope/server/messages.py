"""Requests and answers of the Open Inference Protocol, in JSON or with a binary tensor behind it.

By the binary tensor data extension the values of a tensor follow the JSON as bytes, and a header
gives the length of the JSON. Each model here has one input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from reprlib import repr as shorten
from typing import Any, NoReturn

import msgspec

from pneumoscope.server.refusals import RequestError
from pneumoscope.server.tensors import (
    Tensor,
    Values,
    from_bytes,
    from_json,
    read_shape,
    refuse,
    to_bytes,
    to_json,
)

JSON_LENGTH = "Inference-Header-Content-Length"
"""Header that gives the number of bytes of the JSON in front of a binary tensor."""

MOST_JSON = 8 * 1024 * 1024
"""Greatest number of bytes of the JSON of a request: read, it takes many times as much memory."""

_WISHES = {"priority", "timeout"}  # which the protocol lets a server ignore
_ELSEWHERE = {"classification", "shared_memory_region"}  # of extensions that are not here

Parameters = dict[str, str | bool | int | float]


class _Output(msgspec.Struct):
    name: str
    parameters: Parameters = {}


class _Input(_Output, kw_only=True):
    shape: list[int]
    datatype: str
    data: list[int | str | list[list[int]]] | None = None


class _Request(msgspec.Struct):
    inputs: list[_Input]
    outputs: list[_Output] = []
    parameters: Parameters = {}
    id: str | None = None


_decoder = msgspec.json.Decoder(_Request)


@dataclass(frozen=True, eq=False)
class Asked:
    """What a request asks of a model.

    Attributes:
        values: values of the input, of at least one image.
        outputs: names of the outputs that are wanted, in order; True for those wanted as bytes.
        id: identifier of the request; None if it has none.
        parameters: parameters of the model, by name.
    """

    values: Values
    outputs: Mapping[str, bool]
    id: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read_request(
    body: bytes,
    json_length: str | None,
    takes: Tensor,
    gives: Sequence[Tensor],
    known: Sequence[str] = (),
) -> Asked:
    """Reads a request.

    Args:
        body: body of the request.
        json_length: the header `JSON_LENGTH`; None if there is none, and so no binary tensor.
        takes: input of the model.
        gives: outputs of the model.
        known: names of the parameters that the model has.

    Raises:
        RequestError: if the request is malformed, or none for this model.
    """
    length = len(body) if json_length is None else _read_length(json_length, len(body))
    request = _read_json(memoryview(body)[:length])
    behind = None if json_length is None else memoryview(body)[length:]
    _check_parameters(request.parameters, ("binary_data_output", *known))
    if [given.name for given in request.inputs] != [takes.name]:
        _refuse_names("inputs", request.inputs, [takes])
    _check_extensions(*request.inputs, *request.outputs)
    values = _read_input(request.inputs[0], takes, behind)
    parameters = {name: request.parameters[name] for name in known if name in request.parameters}
    return Asked(values, _read_outputs(request, gives), request.id, parameters)


def write_answer(
    content: Mapping[str, Any], outputs: Sequence[tuple[Tensor, Values, bool]]
) -> tuple[bytes, dict[str, str]]:
    """Writes an answer.

    Args:
        content: what it says but for its outputs.
        outputs: each output, with its values, and True to put them behind the JSON.

    Returns:
        Body, and headers that say what it is.
    """
    behind: list[bytes] = []
    described: list[dict[str, Any]] = []
    for tensor, values, binary in outputs:
        output = {**tensor.to_dict(), "shape": list(values.shape)}
        if binary:
            behind.append(to_bytes(values))
            output["parameters"] = {"binary_data_size": len(behind[-1])}
        else:
            output["data"] = to_json(values)
        described.append(output)
    front = msgspec.json.encode({**content, "outputs": described})
    if not behind:
        return front, {"Content-Type": "application/json"}
    headers = {"Content-Type": "application/octet-stream", JSON_LENGTH: str(len(front))}
    return b"".join([front, *behind]), headers


def _read_length(text: str, most: int) -> int:
    digits = text.isascii() and text.isdigit() and len(text) < 16
    if not digits or int(text) > most:
        refuse(f"The header {JSON_LENGTH} is not the length of the JSON", f"0 to {most}", text)
    return int(text)


def _read_json(text: memoryview) -> _Request:
    if len(text) > MOST_JSON:
        refuse(
            "The JSON of the request is too long",
            f"{MOST_JSON} bytes at most",
            f"{len(text)}",
            "Send fewer images at once, or binary data",
        )
    try:
        return _decoder.decode(text)
    except RecursionError:  # of what is in no place of a request, and so is skipped
        refuse("The request cannot be read", "an inference request", "lists in lists without end")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RequestError(
            f"The request cannot be read: {error}", code="request-malformed"
        ) from None


def _check_parameters(given: Parameters, known: Sequence[str]) -> None:
    for name in given.keys() - {*known, *_WISHES}:
        refuse("A parameter of the request is unknown", " or ".join(known), name)


def _check_extensions(*given: _Output) -> None:
    for tensor in given:
        for name in tensor.parameters.keys() & _ELSEWHERE:
            refuse(f"The {tensor.name} cannot have this parameter", "none such", name)


def _read_outputs(request: _Request, gives: Sequence[Tensor]) -> dict[str, bool]:
    """Returns which outputs are wanted as bytes; without any that are named, it is all of them."""
    binary = request.parameters.get("binary_data_output", False)
    named = request.outputs or [_Output(tensor.name) for tensor in gives]
    wanted = {each.name: each.parameters.get("binary_data", binary) for each in named}
    if len(wanted) < len(named) or not wanted.keys() <= {tensor.name for tensor in gives}:
        _refuse_names("outputs", named, gives)
    for value in wanted.values():
        if not isinstance(value, bool):
            refuse("An output cannot be asked for so", "binary data true or false", value)
    return {name: bool(value) for name, value in wanted.items()}


def _refuse_names(part: str, given: Sequence[_Output], known: Sequence[Tensor]) -> NoReturn:
    names = [[each.name for each in named] for named in (known, given)]
    refuse(f"The {part} of the request are not those of the model", *map(shorten, names))


def _read_input(given: _Input, takes: Tensor, behind: memoryview | None) -> Values:
    if given.datatype != takes.datatype:
        refuse(f"The model takes {takes.name} of another datatype", takes.datatype, given.datatype)
    shape = read_shape(given.shape, takes)
    size = given.parameters.get("binary_data_size")
    if size is None and behind:
        refuse("Bytes follow the JSON", "none, or binary_data_size", f"{len(behind)}")
    if size is None:
        return from_json(given.data, takes, shape)
    if given.data is not None:
        refuse(f"There are two {takes.name}", "data or binary_data_size", "both")
    if behind is None:
        refuse("Where the JSON ends is not given", f"the header {JSON_LENGTH}", "none")
    if size != len(behind):
        refuse(f"The bytes of {takes.name} do not add up", f"{len(behind)}", f"{size!r}")
    return from_bytes(behind, takes, shape)
