"""Tensors of the Open Inference Protocol: their values in JSON, and as bytes.

As bytes they are little-endian, row by row; each element of BYTES comes after its length, a 32-bit
number.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from reprlib import repr as shorten
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from pneumoscope.server.refusals import RequestError

MOST_IMAGES = 64
"""Greatest number of images in a request."""

Values = NDArray[Any]
"""Values of a tensor; elements of BYTES are `bytes` in an array of objects."""

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Tensor:
    """A tensor that a model takes or gives, with one entry for each image.

    Attributes:
        name: name of the tensor.
        datatype: datatype of the protocol: UINT8 or BYTES of what is taken, and FP32, BOOL or BYTES
            of what is given.
        sides: shape of the entry of an image.
    """

    name: str
    datatype: str
    sides: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Converts the tensor to what metadata say of it; the number of images is free."""
        return {"name": self.name, "datatype": self.datatype, "shape": [-1, *self.sides]}


def refuse(problem: str, expected: str, received: object, remedy: str = "") -> NoReturn:
    """Refuses a request for what stands in it.

    Args:
        problem: description of the error.
        expected: what would have been right.
        received: what was found: words, or a value of JSON, which is shortened.
        remedy: advice to the user.

    Raises:
        RequestError: always.
    """
    words = received if isinstance(received, str) and len(received) < 100 else shorten(received)
    raise RequestError(
        problem, expected=expected, received=words, remedy=remedy, code="request-malformed"
    )


def as_elements(values: Iterable[bytes]) -> Values:
    """Makes the values of a tensor of BYTES."""
    listed = list(values)
    elements: Values = np.empty(len(listed), object)
    elements[:] = listed
    return elements


def read_shape(shape: list[int], tensor: Tensor) -> tuple[int, ...]:
    """Returns a shape that a tensor can have.

    Raises:
        RequestError: if it cannot.
    """
    if shape[1:] != list(tensor.sides) or not shape or not 1 <= shape[0] <= MOST_IMAGES:
        expected = ", ".join([f"1 to {MOST_IMAGES}", *map(str, tensor.sides)])
        refuse(f"The model takes no {tensor.name} of this shape", f"[{expected}]", shape)
    return tuple(shape)


def from_json(data: Any, tensor: Tensor, shape: Sequence[int]) -> Values:
    """Reads values in JSON, in one list or in nested ones.

    Args:
        data: the values.
        tensor: what the model takes.
        shape: shape of the values, as `read_shape` returns it.

    Raises:
        RequestError: if they are not values of this tensor.
    """
    if tensor.datatype == "BYTES":
        refuse(
            f"The {tensor.name} cannot stand in JSON, which holds text alone",
            "binary data, of the extension binary_tensor_data",
            "JSON",
        )
    flat = isinstance(data, list) and not (data and isinstance(data[0], list))
    raw = _numbers(data, [prod(shape)] if flat else shape, tensor.name)
    return np.frombuffer(raw, np.uint8).reshape(shape)


def from_bytes(raw: memoryview, tensor: Tensor, shape: Sequence[int]) -> Values:
    """Reads values as bytes; the arguments are otherwise those of `from_json`.

    Raises:
        RequestError: if they are not values of this tensor.
    """
    if tensor.datatype == "BYTES":
        return as_elements(_elements(raw, shape[0], tensor.name))
    size = prod(shape)
    if len(raw) != size:
        refuse(f"The bytes of {tensor.name} are not of its shape", f"{size}", f"{len(raw)}")
    return np.frombuffer(raw, np.uint8).reshape(shape)


def to_json(values: Values) -> list[Any]:
    """Writes values as one list."""
    if values.dtype == object:
        return [value.decode() for value in values]
    return list(values.ravel().tolist())


def to_bytes(values: Values) -> bytes:
    """Writes values as bytes."""
    if values.dtype == object:
        return b"".join(_LENGTH.pack(len(value)) + value for value in values)
    return values.astype(values.dtype.newbyteorder("<")).tobytes()


def _numbers(data: Any, shape: Sequence[int], name: str) -> bytes:
    """Joins the numbers of nested lists, each a byte."""
    if not isinstance(data, list) or len(data) != shape[0]:
        received = f"{len(data)}" if isinstance(data, list) else data
        refuse(f"The data of {name} are not of its shape", f"a list of {shape[0]}", received)
    if len(shape) > 1:
        return b"".join(_numbers(part, shape[1:], name) for part in data)
    try:
        return bytes(data)
    except (TypeError, ValueError):
        refuse(f"The data of {name} are not of its datatype", "integers from 0 to 255", data)


def _elements(raw: memoryview, count: int, name: str) -> list[bytes]:
    """Divides bytes into so many elements, each after its length."""
    found: list[bytes] = []
    start = 0
    while start < len(raw) and len(found) < count:
        begin = start + _LENGTH.size
        end = begin + (_LENGTH.unpack_from(raw, start)[0] if begin <= len(raw) else 0)
        if end > len(raw):
            refuse(
                f"An element of {name} is cut off", f"{end - start} bytes", f"{len(raw) - start}"
            )
        found.append(bytes(raw[begin:end]))
        start = end
    if len(found) < count or start < len(raw):
        received = f"{len(found)}, and {len(raw) - start} bytes more"
        refuse(f"The elements of {name} are not of its shape", f"{count}", received)
    return found
