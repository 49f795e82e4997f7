"""The canonical form of an ONNX graph: one for all that compute the same in the same way.

A converter names tensors and orders nodes by counters and sets, which differ from run to run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pneumoscope.graph import KERNEL

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto


def make_canonical(graph: GraphProto) -> None:
    """Orders the nodes of a graph as its outputs need them, and names all tensors after nodes.

    Inputs, outputs and `KERNEL` keep their names.

    Args:
        graph: a GraphProto of ONNX, changed in place; its operators hold no graphs.
    """
    for values in (graph.input, graph.output):
        values.sort(key=lambda value: value.name)
        for value in values:
            value.type.tensor_type.shape.dim[0].dim_param = "n"
    nodes = _in_order(graph)
    _rename(graph, nodes)
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.sort(key=lambda constant: constant.name)
    graph.name = "network"
    for unneeded in ("doc_string", "value_info"):
        graph.ClearField(unneeded)


def _in_order(graph: GraphProto) -> list[NodeProto]:
    """Lists the nodes that outputs need, each after those that it needs itself."""
    makers = {name: node for node in graph.node for name in node.output}
    waiting = [value.name for value in reversed(graph.output)]
    done: dict[str, NodeProto] = {}
    while waiting:
        node = makers.get(waiting[-1])
        if node is None or node.output[0] in done:
            waiting.pop()
            continue
        needed = [n for n in node.input if n in makers and makers[n].output[0] not in done]
        if needed:
            waiting.extend(reversed(needed))
        else:
            done[node.output[0]] = node
    return list(done.values())


def _rename(graph: GraphProto, nodes: list[NodeProto]) -> None:
    names = {value.name: value.name for value in (*graph.input, *graph.output)}
    names |= {"": "", KERNEL: KERNEL}
    for number, node in enumerate(nodes):
        node.name = f"{node.op_type}_{number:04}"
        node.ClearField("doc_string")
        node.attribute.sort(key=lambda attribute: attribute.name)
        for kind, tensors in (("input", node.input), ("output", node.output)):
            for place, name in enumerate(tensors):
                tensors[place] = names.setdefault(name, f"{node.name}_{kind}_{place}")
    for constant in list(graph.initializer):
        if constant.name in names:
            constant.name = names[constant.name]
        else:
            graph.initializer.remove(constant)
