"""The wire format of protocol buffers, as far as it is needed to check an ONNX file.

See https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

Value = int | float | memoryview

_INTEGER, _BYTES, _FLOAT = 0, 2, 5  # wire types; doubles and groups are in no field that is read
_LONGEST = 10  # bytes of an integer


def read_fields(message: memoryview, most: int) -> Iterator[tuple[int, Value]]:
    """Yields the number and the value of the fields of a message, in their order.

    Args:
        message: serialised message.
        most: greatest number of fields that it may have.

    Yields:
        The number of the field, and its value: an unsigned integer of 64 bits, a float, or the
        bytes of a text, another message or a packed list.

    Raises:
        ValueError: if the message is cut off, has more fields, or one of another wire type.
    """
    at = 0
    for _ in range(most):
        if at == len(message):
            return
        key, at = _read_integer(message, at)
        kind = key & 7
        if kind == _INTEGER:
            value, at = _read_integer(message, at)
            yield key >> 3, value
        elif kind == _FLOAT:
            content, at = _read_bytes(message, at, 4)
            yield key >> 3, struct.unpack("<f", content)[0]
        elif kind == _BYTES:
            length, at = _read_integer(message, at)
            content, at = _read_bytes(message, at, length)
            yield key >> 3, content
        else:
            raise ValueError(f"a field of kind {kind}")
    if at < len(message):
        raise ValueError(f"more than {most:,} fields")


def read_integers(values: list[Value]) -> list[int]:
    """Reads a repeated signed integer of 64 bits, packed or not.

    Args:
        values: values of the field, as `read_fields` yields them.

    Raises:
        ValueError: if an integer is cut off.
    """
    found: list[int] = []
    for value in values:
        if isinstance(value, memoryview):
            at = 0
            while at < len(value):
                number, at = _read_integer(value, at)
                found.append(number)
        else:
            found.append(int(value))
    return [number - 2**64 if number >= 2**63 else number for number in found]


def _read_integer(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(message[at : at + _LONGEST]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value % 2**64, at + place + 1
    raise ValueError("an integer that is cut off")


def _read_bytes(message: memoryview, at: int, length: int) -> tuple[memoryview, int]:
    if length > len(message) - at:
        raise ValueError("a field that is cut off")
    return message[at : at + length], at + length
