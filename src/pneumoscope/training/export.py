"""The export of a network to ONNX: probabilities, class-activation maps and features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from pneumoscope import graph
from pneumoscope.engine import open_session
from pneumoscope.errors import PneumoscopeError
from pneumoscope.parallel import usable_cores
from pneumoscope.training.architectures import FEATURES
from pneumoscope.training.backend import keras
from pneumoscope.training.canonical import make_canonical
from pneumoscope.training.network import Network
from pneumoscope.training.nodes import Nodes, activate, add_layers

TOLERANCE = 1e-5

_BATCH = 16
_OPSET, _IR = 17, 8
_DTYPES = {"uint8": 2, "float32": 1}  # of onnx.TensorProto


class ExplainedHead:
    """The head of a network, computed so that the contribution of each place can be read.

    Its first dense layer is linear in the feature maps: a sum over the contributions of all places.
    The sum goes on through the rest of the head; the contributions, weighted with the gradient of
    the class score, are the class-activation map. This is the gradient times the
    feature maps, summed over channels (HiResCAM: Draelos & Carin 2020, arXiv:2011.08891; for a head
    of global average pooling and one dense layer it is CAM: Zhou et al. 2016, arXiv:1512.04150), at
    the cost of one pass.

    The score of a class is its logit less the mean of all logits, since the softmax does not
    depend on that mean.

    Args:
        network: a network of `architectures`.

    Raises:
        TypeError: if its head cannot be explained.
    """

    def __init__(self, network: Network) -> None:
        names = [layer.name for layer in network.layers]
        head: list[Any] = list(network.layers[names.index(FEATURES) + 1 :])
        dense = [layer for layer in head if isinstance(layer, keras.layers.Dense)]
        if not (
            isinstance(head[0], (keras.layers.Flatten, keras.layers.GlobalAveragePooling2D))
            and all(isinstance(x, (keras.layers.Dense, keras.layers.Dropout)) for x in head[1:])
            and all(layer.activation is keras.activations.relu for layer in dense[:-1])
        ):
            raise TypeError(f"the head of {network.name} is not one that can be explained")
        self._pools = isinstance(head[0], keras.layers.GlobalAveragePooling2D)
        self._shape: tuple[int, int, int] = network.get_layer(FEATURES).output.shape[1:]
        self._last = dense[-1].activation
        self._kernels = [keras.ops.convert_to_numpy(layer.kernel) for layer in dense]
        self._biases = [keras.ops.convert_to_numpy(layer.bias) for layer in dense]

    def add(self, nodes: Nodes, features: str) -> None:
        """Adds the head to a graph, with the outputs that `graph` names.

        Features are those of the whole image, (n, u): the last hidden layer, or the mean of each
        feature map where there is no hidden layer.

        Args:
            nodes: the graph.
            features: name of the last feature maps, (n, k, h, w).
        """
        height, width, _ = self._shape
        contributions = self._contributions(nodes, features)  # (n, h * w, u)
        inputs = nodes.add("ReduceSum", contributions, nodes.shape(1), keepdims=0)
        last = nodes.add("ReduceMean", features, axes=[2, 3], keepdims=0)
        slopes = []
        for kernel, bias in zip(self._kernels[1:], self._biases, strict=False):
            inputs = nodes.add("Add", inputs, nodes.constant(bias))
            active = nodes.add("Greater", inputs, nodes.constant(0.0))
            slopes.append(nodes.add("Cast", active, to=_DTYPES["float32"]))  # of a ReLU: 1 or 0
            last = nodes.add("Relu", inputs)
            inputs = nodes.add("MatMul", last, nodes.constant(kernel))
        logits = nodes.add("Add", inputs, nodes.constant(self._biases[-1]))
        maps = nodes.add("MatMul", contributions, self._backward(nodes, slopes))  # (n, h * w, c)
        maps = nodes.add("Transpose", maps, perm=[0, 2, 1])
        nodes.add("Reshape", maps, nodes.shape(0, 0, height, width), output=graph.MAPS)
        probabilities = activate(nodes, self._last, logits)
        nodes.add("Identity", probabilities, output=graph.PROBABILITIES)
        nodes.add("Identity", last, output=graph.FEATURES)

    def _contributions(self, nodes: Nodes, features: str) -> str:
        """Adds the contribution of each place to the first dense layer, (n, h * w, u)."""
        height, width, channels = self._shape
        places, kernel = height * width, self._kernels[0]
        flat = nodes.add("Reshape", features, nodes.shape(0, channels, places))
        if self._pools:
            by_place = nodes.add("Transpose", flat, perm=[0, 2, 1])
            return nodes.add("MatMul", by_place, nodes.constant(kernel / places, graph.KERNEL))
        by_place = nodes.add("Transpose", flat, perm=[2, 0, 1])  # (h * w, n, k)
        kernels = nodes.constant(kernel.reshape(places, channels, -1), graph.KERNEL)
        return nodes.add("Transpose", nodes.add("MatMul", by_place, kernels), perm=[1, 0, 2])

    def _backward(self, nodes: Nodes, slopes: list[str]) -> str:
        """Adds the gradient of the class scores by the first dense layer, (n or 1, u, c)."""
        classes = self._biases[-1].size
        centred = np.eye(classes) - 1.0 / classes
        if not slopes:
            return nodes.constant(centred[np.newaxis])
        gradient = nodes.constant((self._kernels[-1] @ centred)[np.newaxis])
        for kernel, slope in zip(self._kernels[-2:0:-1], slopes[:0:-1], strict=True):
            gradient = nodes.add("MatMul", nodes.constant(kernel), _weigh(nodes, slope, gradient))
        return _weigh(nodes, slopes[0], gradient)


def _weigh(nodes: Nodes, slope: str, gradient: str) -> str:
    """Adds the product of slopes (n, u) with gradients (n, u, c)."""
    return nodes.add("Mul", nodes.add("Unsqueeze", slope, nodes.shape(2)), gradient)


def export_onnx(network: Network, path: Path) -> None:
    """Writes a float32 network as ONNX: fixed height and width, any number of images.

    The input `image` is uint8 (n, height, width, 1): images in another range are not accepted.

    Args:
        network: a float32 network of `architectures`.
        path: the file to write.

    Raises:
        PneumoscopeError: if the written file does not give the probabilities of the network.
        TypeError: if the network has a layer, or a head, that cannot be exported.
    """
    head, nodes = ExplainedHead(network), Nodes()
    head.add(nodes, add_layers(nodes, network, graph.IMAGE, FEATURES))
    inputs = graph.inputs(*network.input_shape[1:3])
    outputs = graph.outputs(network.output_shape[-1])
    made = helper.make_graph(
        nodes.nodes, "network", _declare(inputs), _declare(outputs), nodes.constants
    )
    make_canonical(made)
    opset = helper.make_opsetid("", _OPSET)
    onnx.save(helper.make_model(made, opset_imports=[opset], ir_version=_IR), path)
    noise = np.random.default_rng(0).integers(0, 256, (2, *network.input_shape[1:]), dtype=np.uint8)
    exported = run_onnx(path, noise, graph.PROBABILITIES)
    difference = np.abs(network.predict_on_batch(noise) - exported).max()
    if not difference <= TOLERANCE:
        raise PneumoscopeError(
            f"The exported {path.name} does not agree with the network",
            expected=f"probabilities within {TOLERANCE}",
            received=f"a difference of {difference}",
        )


def _declare(tensors: dict[str, graph.Tensor]) -> list[Any]:
    return [
        helper.make_tensor_value_info(name, _DTYPES[tensor.dtype], tensor.shape)
        for name, tensor in tensors.items()
    ]


def run_onnx(path: Path, images: NDArray[np.uint8], output: str) -> NDArray[np.float32]:
    """Computes an output of an exported network, for images of shape (n, height, width, 1)."""
    session = open_session(path, usable_cores())
    batches = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
    found = [session.run([output], {graph.IMAGE: batch})[0] for batch in batches]
    return np.concatenate(found)
