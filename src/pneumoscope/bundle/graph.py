"""Check of the network of a bundle, before ONNX Runtime loads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import prod
from pathlib import Path

from pneumoscope.bundle.contents import making_sense_of
from pneumoscope.bundle.info import BundleInfo
from pneumoscope.bundle.layout import NOT_OURS
from pneumoscope.bundle.messages import (
    ATTRIBUTE,
    DIMENSION,
    GRAPH,
    MODEL,
    NODE,
    SHAPE,
    TENSOR,
    TENSOR_TYPE,
    TYPE,
    VALUE,
    Message,
    NotOursError,
)
from pneumoscope.errors import BundleError
from pneumoscope.files import printable
from pneumoscope.graph import FEATURES, PROBABILITIES, Tensor, inputs, outputs

_MOST_DIMENSIONS = 8
_MOST_STRUCTURE = 16_000_000  # bytes of everything but constants
_STRUCTURE = ("node", "input", "output", "value_info")
_DTYPES = {1: "float32", 2: "uint8"}
_DOMAINS = ("", "ai.onnx")


def check_graph(path: Path, data: bytes, info: BundleInfo) -> None:
    """Refuses an ONNX file that this package could not have exported.

    Operators must be those of ONNX itself and hold no graphs, constants must lie in the file, and
    inputs and outputs must be those of `pneumoscope.graph`.

    Args:
        path: path of the file, for errors.
        data: content of the file.
        info: description of the model, from its bundle.

    Raises:
        BundleError: if this package could not have exported the graph.
        BundleCorruptError: if the file is cut off or malformed.
    """
    with making_sense_of(path):
        try:
            _check(Message(MODEL, memoryview(data)), info)
        except NotOursError as error:
            raise BundleError(
                f"{path} is no network of Pneumoscope",
                expected=error.expected,
                received=printable(error.received[:200]),
                remedy=NOT_OURS,
            ) from error


def _check(model: Message, info: BundleInfo) -> None:
    size = info.geometry
    graph = model.message(GRAPH, "graph")
    if not model.contents("opset_import"):
        raise ValueError("it does not say which operators it knows")
    _check_size(graph)
    for constant in graph.contents("initializer"):
        _check_constant(constant)
    for node in graph.messages(NODE, "node"):
        _check_node(node)
    wanted = inputs(size.height, size.width)
    _check_values(graph.messages(VALUE, "input"), wanted, set(wanted))
    needed = {PROBABILITIES} if info.gate is None else {PROBABILITIES, FEATURES}
    _check_values(graph.messages(VALUE, "output"), outputs(len(info.classes)), needed)


def _check_size(graph: Message) -> None:
    structure = sum(len(part) for name in _STRUCTURE for part in graph.contents(name))
    if structure > _MOST_STRUCTURE:
        raise ValueError(f"{structure:,} bytes of operators")


def _check_node(node: Message) -> None:
    domain = node.text("domain")
    if domain not in _DOMAINS:
        raise NotOursError(f"the operator {node.text('op_type')} of {domain}")
    for attribute in node.messages(ATTRIBUTE, "attribute"):
        for constant in (*attribute.contents("t"), *attribute.contents("tensors")):
            _check_constant(constant)


def _check_constant(data: memoryview) -> None:
    constant = Message(TENSOR, data)
    shape = constant.integers("dims")
    if len(shape) > _MOST_DIMENSIONS or min(shape, default=0) < 0 or prod(shape) > len(data):
        raise ValueError(f"a constant of shape {shape} in {len(data):,} bytes")
    if constant.integer("data_location"):
        raise NotOursError(TENSOR.refused[13])


def _check_values(
    values: Sequence[Message], known: Mapping[str, Tensor], needed: AbstractSet[str]
) -> None:
    """Compares the inputs or the outputs of a graph with those that are known and needed."""
    names = [value.text("name") for value in values]
    if len({*names}) < len(names) or not needed <= {*names} <= known.keys():
        raise NotOursError(", ".join(names), expected=f"inputs or outputs {', '.join(known)}")
    for name, value in zip(names, values, strict=True):
        found = _read_tensor(value)
        if found.dtype != known[name].dtype or not known[name].fits(found.shape):
            raise NotOursError(f"{name} {found}", expected=f"{name} {known[name]}")


def _read_tensor(value: Message) -> Tensor:
    kind = value.message(TYPE, "type").message(TENSOR_TYPE, "tensor_type")
    number = kind.integer("elem_type") or 0
    sizes = kind.message(SHAPE, "shape").messages(DIMENSION, "dim")
    return Tensor(
        _DTYPES.get(number, f"type {number}"), tuple(size.integer("dim_value") for size in sizes)
    )
