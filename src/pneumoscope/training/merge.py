"""The merge of several exported networks into one that gives the mean of their outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.graph import FEATURES, IMAGE, MAPS, PROBABILITIES
from pneumoscope.training.canonical import make_canonical

if TYPE_CHECKING:
    from onnx import ModelProto


def merge_networks(networks: Sequence[bytes], path: Path) -> None:
    """Writes one network that gives the mean probabilities and the mean maps of several.

    Its features are those of the first: its gate compares them with what it was fitted to.

    Args:
        networks: networks as `export_onnx` wrote them, of the same inputs and classes.
        path: the ONNX file to write.
    """
    import onnx

    members = [onnx.load_from_string(network) for network in networks]
    for number, member in enumerate(members):
        _prefix(member, f"member_{number}_")
    merged = members[0]
    for member in members[1:]:
        merged.graph.node.extend(member.graph.node)
        merged.graph.initializer.extend(member.graph.initializer)
    for name in (PROBABILITIES, MAPS):
        inputs = [f"member_{number}_{name}" for number in range(len(members))]
        merged.graph.node.append(onnx.helper.make_node("Mean", inputs, [name]))
    features = onnx.helper.make_node("Identity", [f"member_0_{FEATURES}"], [FEATURES])
    merged.graph.node.append(features)
    make_canonical(merged.graph)
    onnx.save(merged, path)


def _prefix(model: ModelProto, prefix: str) -> None:
    """Renames every tensor of a network but its input; the declared outputs keep their names."""
    for node in model.graph.node:
        for tensors in (node.input, node.output):
            tensors[:] = [prefix + name if name not in ("", IMAGE) else name for name in tensors]
    for constant in model.graph.initializer:
        constant.name = prefix + constant.name
