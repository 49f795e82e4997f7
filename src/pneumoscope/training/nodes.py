"""Layers of Keras as nodes of ONNX: those that our networks are made of.

No converter stands between them, so that a network is exported the same way whatever backend of
Keras it was trained on: docs/adr/0034-backends.md. ONNX has the channels before height and width,
and Keras behind them: feature maps are (n, k, h, w) here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from pneumoscope.training.backend import keras
from pneumoscope.training.network import Network

Pads = tuple[int, int, int, int]
"""Rows and columns added at the top, the left, the bottom and the right."""


class Nodes:
    """Nodes and constants of a graph, which grow by `add` and `constant`.

    Attributes:
        nodes: the nodes, each after those that it needs.
        constants: the constants.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Adds a node with one output, and returns the name of that."""
        output = output or f"node {len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, value: ArrayLike, name: str = "", dtype: str = "float32") -> str:
        """Adds a constant, and returns its name."""
        name = name or f"constant {len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def shape(self, *sizes: int) -> str:
        """Adds the constant of a shape; a size of 0 stays that of the input, -1 is the rest."""
        return self.constant(sizes, dtype="int64")


def add_layers(nodes: Nodes, network: Network, image: str, last: str) -> str:
    """Adds the layers of a network up to one of them.

    Args:
        nodes: the graph.
        network: a functional model, whose layers are each used once.
        image: name of its input in the graph, uint8 (n, height, width, 1).
        last: name of the last layer to add.

    Returns:
        Name of the output of this layer, float32 (n, k, h, w).

    Raises:
        TypeError: if there is no node for a layer.
    """
    floats = nodes.add("Cast", image, to=_FLOAT)
    names = {id(network.input): nodes.add("Transpose", floats, perm=[0, 3, 1, 2])}
    for layer in network.operations:
        if not isinstance(layer, keras.layers.InputLayer):
            inputs = [
                names[id(x)] if keras.backend.is_keras_tensor(x) else nodes.constant(x)
                for x in _arguments(layer)
            ]
            names[id(layer.output)] = _function_of(layer)(nodes, layer, inputs)
        if layer.name == last:
            break
    return names[id(network.get_layer(last).output)]


def _arguments(layer: Any) -> Sequence[Any]:
    """Lists the tensors that a layer is applied to, and the numbers of an operation."""
    if isinstance(layer, keras.layers.Layer):
        return layer.input if isinstance(layer.input, list) else [layer.input]
    # Of `x + 3`, as MobileNet has it, the layer that Keras makes tells the number nowhere else.
    arguments: Sequence[Any] = layer._inbound_nodes[0].arguments.args
    return arguments


_FLOAT = 1  # onnx.TensorProto.FLOAT


def activate(nodes: Nodes, function: Callable[..., Any], x: str) -> str:
    """Adds an activation function of Keras.

    Raises:
        TypeError: if there is no node for it.
    """
    name = function.__name__
    if name == "linear":
        return x
    if name == "silu":
        return nodes.add("Mul", x, nodes.add("Sigmoid", x))
    if name not in _ACTIVATIONS:
        raise TypeError(f"the activation {name} cannot be exported")
    return nodes.add(_ACTIVATIONS[name], x)


_ACTIVATIONS = {
    "hard_silu": "HardSwish",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "softmax": "Softmax",
    "tanh": "Tanh",
}


def _rescaling(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    scale, offset = (
        nodes.constant(np.reshape(value, (-1, 1, 1))) for value in (layer.scale, layer.offset)
    )
    return nodes.add("Add", nodes.add("Mul", inputs[0], scale), offset)


def _layer_normalization(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    if tuple(layer.axis) != (1, 2, 3) or layer.center or layer.scale:
        raise TypeError(f"{layer.name} normalises along {layer.axis}, and cannot be exported")
    axes = [1, 2, 3]
    centred = nodes.add("Sub", inputs[0], nodes.add("ReduceMean", inputs[0], axes=axes))
    variance = nodes.add("ReduceMean", nodes.add("Mul", centred, centred), axes=axes)
    above = nodes.add("Add", variance, nodes.constant(layer.epsilon))
    return nodes.add("Div", centred, nodes.add("Sqrt", above))


def _convolution(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    kernel = np.asarray(_array(layer.kernel)).transpose(3, 2, 0, 1)
    return _convolve(nodes, layer, inputs[0], kernel, layer.groups)


def _depthwise_convolution(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    kernel = _array(layer.kernel).transpose(2, 3, 0, 1)  # (k, times, y, x)
    maps, times, *window = kernel.shape
    return _convolve(nodes, layer, inputs[0], kernel.reshape(maps * times, 1, *window), maps)


def _convolve(nodes: Nodes, layer: Any, x: str, kernel: NDArray[np.float32], groups: int) -> str:
    weights = [nodes.constant(kernel)]
    if layer.use_bias:
        weights.append(nodes.constant(_array(layer.bias)))
    convolved = nodes.add(
        "Conv",
        x,
        *weights,
        strides=layer.strides,
        dilations=layer.dilation_rate,
        group=groups,
        pads=_pads(layer, layer.kernel_size, layer.dilation_rate),
    )
    return activate(nodes, layer.activation, convolved)


def _pads(layer: Any, window: Sequence[int], dilation: Sequence[int] = (1, 1)) -> Pads:
    """Computes the padding of a window that moves over the input of a layer."""
    if layer.padding == "valid":
        return 0, 0, 0, 0
    before, after = [], []
    for size, width, step, apart in zip(
        layer.input.shape[1:3], window, layer.strides, dilation, strict=True
    ):
        steps = -(-size // step)
        added = max(0, (steps - 1) * step + (width - 1) * apart + 1 - size)
        before.append(added // 2)
        after.append(added - added // 2)
    return before[0], before[1], after[0], after[1]


def _batch_normalization(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    mean, variance = _array(layer.moving_mean), _array(layer.moving_variance)
    scale = _array(layer.gamma) if layer.scale else np.ones_like(mean)
    offset = _array(layer.beta) if layer.center else np.zeros_like(mean)
    constants = [nodes.constant(value) for value in (scale, offset, mean, variance)]
    return nodes.add("BatchNormalization", inputs[0], *constants, epsilon=layer.epsilon)


def _activation(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    return activate(nodes, layer.activation, inputs[0])


def _relu(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    if layer.negative_slope or layer.threshold:
        raise TypeError(f"{layer.name} is no plain ReLU, and cannot be exported")
    if layer.max_value is None:
        return nodes.add("Relu", inputs[0])
    return nodes.add("Clip", inputs[0], nodes.constant(0.0), nodes.constant(layer.max_value))


def _max_pooling(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    window = {"kernel_shape": layer.pool_size, "strides": layer.strides}
    return nodes.add("MaxPool", inputs[0], pads=_pads(layer, layer.pool_size), **window)


def _average_pooling(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    window = {"kernel_shape": layer.pool_size, "strides": layer.strides}
    return nodes.add("AveragePool", inputs[0], pads=_pads(layer, layer.pool_size), **window)


def _global_average_pooling(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    pooled = nodes.add("GlobalAveragePool", inputs[0])
    return pooled if layer.keepdims else nodes.add("Flatten", pooled)


def _zero_padding(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    (top, bottom), (left, right) = layer.padding
    return nodes.add("Pad", inputs[0], nodes.shape(0, 0, top, left, 0, 0, bottom, right))


def _reshape(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    *places, maps = layer.target_shape
    if places != [1, 1]:
        raise TypeError(f"{layer.name} reshapes to {layer.target_shape}, and cannot be exported")
    return nodes.add("Reshape", inputs[0], nodes.shape(0, maps, 1, 1))


def _concatenate(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    if layer.axis not in (-1, 3):
        raise TypeError(f"{layer.name} joins along {layer.axis}, and cannot be exported")
    return nodes.add("Concat", *inputs, axis=1)


def _add(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    return nodes.add("Sum", *inputs)


def _multiply(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    first, second = inputs
    return nodes.add("Mul", first, second)


def _dropout(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    return inputs[0]


_FUNCTIONS: dict[str, Callable[[Nodes, Any, Sequence[str]], str]] = {
    "Activation": _activation,
    "Add": _add,
    "AveragePooling2D": _average_pooling,
    "BatchNormalization": _batch_normalization,
    "Concatenate": _concatenate,
    "Conv2D": _convolution,
    "DepthwiseConv2D": _depthwise_convolution,
    "Dropout": _dropout,
    "GlobalAveragePooling2D": _global_average_pooling,
    "LayerNormalization": _layer_normalization,
    "MaxPooling2D": _max_pooling,
    "Multiply": _multiply,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "ZeroPadding2D": _zero_padding,
}


def _function_of(layer: Any) -> Callable[[Nodes, Any, Sequence[str]], str]:
    """Finds the function for a layer, or for an operation between layers, such as a sum."""
    kind = type(layer)
    if kind.__module__.partition(".")[0] != "keras" or kind.__name__ not in _FUNCTIONS:
        raise TypeError(f"a layer {kind.__name__} cannot be exported")
    return _FUNCTIONS[kind.__name__]


def _array(variable: Any) -> NDArray[np.float32]:
    return np.asarray(keras.ops.convert_to_numpy(variable), np.float32)
