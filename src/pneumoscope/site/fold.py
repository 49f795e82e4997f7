"""A calibration appended to the graph of a network, so that whatever runs it gives new numbers."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pneumoscope.graph import PROBABILITIES
from pneumoscope.types import Calibration

_LEAST = float(np.finfo(np.float32).tiny)  # the logarithm of 0 is no logit


def fold_calibration(network: bytes, calibration: Calibration) -> bytes:
    """Appends a calibration to the probabilities of a network.

    Their logarithm is divided by the temperature, the biases are added, and the softmax of that
    takes the name of the output. It is computed in float64, so that it is the calibration that was
    fitted, whose thresholds lie between two neighbouring scores. Maps and features stay as they
    are, and a network may be folded again.

    Args:
        network: any network of a bundle, as an ONNX file; an ensemble is one as well.
        calibration: temperature, and bias of each class.

    Returns:
        The ONNX file.
    """
    model = onnx.load_from_string(network)
    graph = model.graph
    mark = f"site_{len(graph.node)}"  # no tensor has it yet: each fold makes the graph longer
    before = f"{mark}_{PROBABILITIES}"
    for node in graph.node:
        for tensors in (node.input, node.output):
            tensors[:] = [before if name == PROBABILITIES else name for name in tensors]
    constants = {
        f"{mark}_least": np.array(_LEAST),
        f"{mark}_slope": np.array(1 / calibration.temperature),
        f"{mark}_biases": np.array(calibration.biases),
    }
    least, slope, biases = constants
    steps: tuple[tuple[str, tuple[str, ...], dict[str, int]], ...] = (
        ("Cast", (), {"to": TensorProto.DOUBLE}),
        ("Max", (least,), {}),
        ("Log", (), {}),
        ("Mul", (slope,), {}),
        ("Add", (biases,), {}),
        ("Softmax", (), {"axis": 1}),
        ("Cast", (), {"to": TensorProto.FLOAT}),
    )
    last = before
    for number, (operator, others, attributes) in enumerate(steps, start=1):
        name = PROBABILITIES if number == len(steps) else f"{mark}_{number}"
        graph.node.append(helper.make_node(operator, [last, *others], [name], **attributes))
        last = name
    for name, value in constants.items():
        graph.initializer.append(numpy_helper.from_array(value.astype(np.float64), name))
    folded: bytes = model.SerializeToString(deterministic=True)
    return folded
