"""Messages of ONNX files, as far as this package exports them; any other content is refused.

The messages and the numbers of their fields are those of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from pneumoscope.bundle.wire import Value, read_fields, read_integers

_MOST_FIELDS = 20_000  # per message; our largest network has a tenth


class NotOursError(Exception):
    """A graph that this package does not export; `check_graph` makes a `BundleError` of it.

    Args:
        received: content of the graph that is not exported.
        expected: content that an exported graph has instead.
    """

    def __init__(self, received: str, expected: str = "a graph as this version exports it") -> None:
        super().__init__(received, expected)
        self.received, self.expected = received, expected


@dataclass(frozen=True)
class Kind:
    """A kind of message.

    Attributes:
        name: name of the kind, for errors.
        fields: names of the fields that an exported graph may have, by number.
        refused: contents of the fields that are refused, in words, by number.
    """

    name: str
    fields: Mapping[int, str]
    refused: Mapping[int, str]


MODEL = Kind(
    "the model",
    {
        1: "ir_version",
        2: "producer_name",
        3: "producer_version",
        4: "domain",
        5: "model_version",
        6: "doc_string",
        7: "graph",
        8: "opset_import",
        14: "metadata_props",
    },
    {20: "steps of training", 25: "functions"},
)
GRAPH = Kind(
    "the graph",
    {
        1: "node",
        2: "name",
        5: "initializer",
        10: "doc_string",
        11: "input",
        12: "output",
        13: "value_info",
        16: "metadata_props",
    },
    {15: "sparse constants"},
)
NODE = Kind(
    "an operator",
    {
        1: "input",
        2: "output",
        3: "name",
        4: "op_type",
        5: "attribute",
        6: "doc_string",
        7: "domain",
        9: "metadata_props",
    },
    {},
)
ATTRIBUTE = Kind(
    "an attribute",
    {
        1: "name",
        2: "f",
        3: "i",
        4: "s",
        5: "t",
        7: "floats",
        8: "ints",
        9: "strings",
        10: "tensors",
        13: "doc_string",
        20: "type",
    },
    {
        6: "an operator that holds a graph",
        11: "an operator that holds graphs",
        22: "sparse constants",
        23: "sparse constants",
    },
)
TENSOR = Kind(
    "a constant",
    {
        1: "dims",
        2: "data_type",
        4: "float_data",
        5: "int32_data",
        7: "int64_data",
        8: "name",
        9: "raw_data",
        10: "double_data",
        11: "uint64_data",
        12: "doc_string",
        14: "data_location",
    },
    {6: "constants of text", 13: "constants that lie in another file"},
)
VALUE = Kind("an input or output", {1: "name", 2: "type", 3: "doc_string"}, {})
TYPE = Kind("a type", {1: "tensor_type", 6: "denotation"}, {})
TENSOR_TYPE = Kind("the type of a tensor", {1: "elem_type", 2: "shape"}, {})
SHAPE = Kind("a shape", {1: "dim"}, {})
DIMENSION = Kind("a dimension", {1: "dim_value", 2: "dim_param", 3: "denotation"}, {})


class Message:
    """A message with its fields by name; the messages within it are not read yet.

    Args:
        kind: kind of the message.
        data: serialised message.

    Raises:
        NotOursError: if it has a field that no exported graph has.
        ValueError: if it is cut off; from its methods, if a field is of another type.
    """

    def __init__(self, kind: Kind, data: memoryview) -> None:
        self._found: dict[str, list[Value]] = defaultdict(list)
        for number, value in read_fields(data, _MOST_FIELDS):
            if number not in kind.fields:
                raise NotOursError(kind.refused.get(number, f"{kind.name} with a field {number}"))
            self._found[kind.fields[number]].append(value)

    def integers(self, name: str) -> list[int]:
        """Returns all integers of a field."""
        return read_integers(self._found[name])

    def integer(self, name: str) -> int | None:
        """Returns the integer of a field; None if it is not there."""
        numbers = self.integers(name)
        if len(numbers) > 1:
            raise ValueError(f"{name} is there more than once")
        return numbers[0] if numbers else None

    def contents(self, name: str) -> list[memoryview]:
        """Returns all contents of a field that have a length: text, messages, bytes."""
        values = self._found[name]
        contents = [value for value in values if isinstance(value, memoryview)]
        if len(contents) < len(values):
            raise ValueError(f"{name} is a number")
        return contents

    def content(self, name: str) -> memoryview | None:
        """Returns the content of a field; None if it is not there.

        Two are refused: a reader of protocol buffers would merge them into something else.
        """
        contents = self.contents(name)
        if len(contents) > 1:
            raise ValueError(f"{name} is there more than once")
        return contents[0] if contents else None

    def text(self, name: str) -> str:
        """Returns the text of a field; empty if it is not there."""
        return bytes(self.content(name) or b"").decode("utf-8")

    def messages(self, kind: Kind, name: str) -> list[Message]:
        """Returns all messages of a field."""
        return [Message(kind, content) for content in self.contents(name)]

    def message(self, kind: Kind, name: str) -> Message:
        """Returns the message of a field, which must be there once."""
        content = self.content(name)
        if content is None:
            raise ValueError(f"{name} is not there")
        return Message(kind, content)
