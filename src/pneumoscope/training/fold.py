"""Calibrations appended to the graph of a network, so that whatever runs it gives new numbers.

See `docs/adr/0039-site-calibration.md` and `docs/adr/0044-a-calibration-for-each-hospital.md`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pneumoscope.gate import TrainingDistance
from pneumoscope.graph import FEATURES, PROBABILITIES
from pneumoscope.statistics import FloatArray
from pneumoscope.task import LEAST_PROBABILITY
from pneumoscope.types import Calibration, SourceCalibration


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
    appended = _Appended(network)
    slope = appended.constant("slope", np.array(1 / calibration.temperature))
    return appended.finish(slope, appended.constant("biases", np.array(calibration.biases)))


def fold_by_source(
    network: bytes,
    distance: TrainingDistance,
    sources: Sequence[str],
    calibrations: Sequence[SourceCalibration],
) -> bytes:
    """Appends to a network the calibration of the source that an image is nearest to.

    As `fold_calibration`, with the temperature and the biases of the source whose group of training
    images has the nearest mean.

    Args:
        network: a network as it was exported.
        distance: distance of its features from each group of the training images.
        sources: source of each of the g groups.
        calibrations: calibrations, of which one names each of these sources.

    Returns:
        The ONNX file.
    """
    of_source = {name: each for each in calibrations for name in each.sources}
    chosen = [of_source[name] for name in sources]
    planes, offsets = distance.nearest_planes()
    appended = _Appended(network)
    features = appended.add("Cast", FEATURES, to=TensorProto.DOUBLE)
    by_group = appended.add("MatMul", features, appended.constant("planes", planes))
    by_group = appended.add("Add", by_group, appended.constant("offsets", offsets))
    group = appended.add("ArgMax", by_group, axis=1, keepdims=0)
    slopes = np.array([[1 / each.temperature] for each in chosen])
    biases = np.array([each.biases for each in chosen])
    return appended.finish(
        *(
            appended.add("Gather", appended.constant(name, rows), group, axis=0)
            for name, rows in (("slopes", slopes), ("biases", biases))
        )
    )


class _Appended:
    """Nodes and constants that grow behind the probabilities of a network, in float64."""

    def __init__(self, network: bytes) -> None:
        self._model = onnx.load_from_string(network)
        graph = self._model.graph
        # No tensor has it yet: each fold makes the graph longer.
        self._mark = f"folded_{len(graph.node)}"
        self._before = f"{self._mark}_{PROBABILITIES}"
        for node in graph.node:
            for tensors in (node.input, node.output):
                tensors[:] = [self._before if name == PROBABILITIES else name for name in tensors]

    def constant(self, name: str, value: FloatArray) -> str:
        """Adds a constant, and returns its name in the graph."""
        name = f"{self._mark}_{name}"
        self._model.graph.initializer.append(
            numpy_helper.from_array(value.astype(np.float64), name)
        )
        return name

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: int) -> str:
        """Adds a node with one output, and returns the name of that."""
        output = output or f"{self._mark}_{len(self._model.graph.node)}"
        self._model.graph.node.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def finish(self, slope: str, biases: str) -> bytes:
        """Adds the softmax of the logits times the slope plus the biases; returns the ONNX file."""
        exact = self.add("Cast", self._before, to=TensorProto.DOUBLE)
        logits = self.add(
            "Log", self.add("Max", exact, self.constant("least", np.array(LEAST_PROBABILITY)))
        )
        fitted = self.add("Add", self.add("Mul", logits, slope), biases)
        probabilities = self.add("Softmax", fitted, axis=1)
        self.add("Cast", probabilities, output=PROBABILITIES, to=TensorProto.FLOAT)
        folded: bytes = self._model.SerializeToString(deterministic=True)
        return folded
