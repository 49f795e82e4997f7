"""The export of a network to ONNX: probabilities, class-activation maps and features."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope import graph
from pneumoscope.engine import open_session
from pneumoscope.errors import PneumoscopeError
from pneumoscope.parallel import usable_cores
from pneumoscope.training.architectures import FEATURES
from pneumoscope.training.backend import keras
from pneumoscope.training.canonical import make_canonical
from pneumoscope.training.network import Network, Tensor

TOLERANCE = 1e-4

_BATCH = 16


class ExplainedHead(keras.layers.Layer):  # type: ignore[misc]
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
    """

    def __init__(self, network: Network) -> None:
        super().__init__(name="explained_head", dtype="float32")
        names = [layer.name for layer in network.layers]
        head = network.layers[names.index(FEATURES) + 1 :]
        self._pools = isinstance(head[0], keras.layers.GlobalAveragePooling2D)
        self._dense = [layer for layer in head if isinstance(layer, keras.layers.Dense)]
        if not (
            isinstance(head[0], (keras.layers.Flatten, keras.layers.GlobalAveragePooling2D))
            and all(isinstance(x, (keras.layers.Dense, keras.layers.Dropout)) for x in head[1:])
            and all(dense.activation is keras.activations.relu for dense in self._dense[:-1])
        ):
            raise TypeError(f"the head of {network.name} is not one that can be explained")

    def kernel(self, height: int, width: int) -> Tensor:
        """Returns the kernel of the first dense layer: (h * w, k, u) by place, (k, u) if pooled."""
        kernel = self._dense[0].kernel
        places = height * width
        if self._pools:
            return kernel / places
        return keras.ops.reshape(kernel, (places, kernel.shape[0] // places, -1))

    def call(self, features: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Computes probabilities (n, c), maps (n, c, h, w) and features from maps (n, h, w, k).

        Features are those of the whole image, (n, u): the last hidden layer, or the mean of each
        feature map where there is no hidden layer.
        """
        ops = keras.ops
        _, height, width, _ = features.shape
        contributions = self._contributions(features, kernel)  # (n, h * w, u)
        inputs = ops.sum(contributions, axis=1)
        last = ops.mean(features, axis=(1, 2))
        slopes = []
        for layer, following in zip(self._dense, self._dense[1:], strict=False):
            inputs = inputs + layer.bias
            slopes.append(ops.cast(inputs > 0, "float32"))  # of a ReLU: 1 where it is active
            last = ops.relu(inputs)
            inputs = ops.matmul(last, following.kernel)
        probabilities = ops.softmax(inputs + self._dense[-1].bias)

        maps = ops.matmul(contributions, self._backward(slopes))  # (n, h * w, c)
        maps = ops.reshape(ops.transpose(maps, (0, 2, 1)), (-1, maps.shape[-1], height, width))
        return probabilities, maps, last

    def _contributions(self, features: Tensor, kernel: Tensor) -> Tensor:
        """Computes the contribution of each place to the first dense layer, (n, h * w, u)."""
        ops = keras.ops
        _, height, width, channels = features.shape
        flat = ops.reshape(features, (-1, height * width, channels))
        if self._pools:
            return ops.matmul(flat, kernel)
        by_place = ops.matmul(ops.transpose(flat, (1, 0, 2)), kernel)  # (h * w, n, u)
        return ops.transpose(by_place, (1, 0, 2))

    def _backward(self, slopes: list[Tensor]) -> Tensor:
        """Computes the gradient of the class scores by the first dense layer, (n or 1, u, c)."""
        ops = keras.ops
        classes = self._dense[-1].units
        centred = ops.eye(classes) - 1.0 / classes
        if not slopes:
            return ops.expand_dims(centred, 0)
        gradient = ops.expand_dims(ops.matmul(self._dense[-1].kernel, centred), 0)
        for layer, slope in zip(self._dense[-2:0:-1], slopes[:0:-1], strict=True):
            gradient = ops.matmul(layer.kernel, ops.expand_dims(slope, -1) * gradient)
        return ops.expand_dims(slopes[0], -1) * gradient


def explained(network: Network) -> tuple[Network, Tensor]:
    """Adds class-activation maps and features to a network, as `ExplainedHead` computes them.

    Returns:
        The model, with the outputs that `graph` names; and the tensor for its second input
        `graph.KERNEL`: most of its weights, which so need not pass through a converter.
    """
    features = network.get_layer(FEATURES).output
    head = ExplainedHead(network)
    kernel = head.kernel(*features.shape[1:3])
    inputs = [network.input, keras.Input(batch_shape=kernel.shape, name=graph.KERNEL)]
    probabilities, maps, last = head(features, inputs[1])
    outputs = {graph.PROBABILITIES: probabilities, graph.MAPS: maps, graph.FEATURES: last}
    return keras.Model(inputs, outputs), kernel


def export_onnx(network: Network, path: Path) -> None:
    """Writes a float32 network as ONNX: fixed height and width, any number of images.

    The input `image` is uint8 (n, height, width, 1): images in another range are not accepted.

    Args:
        network: a float32 network of `architectures`.
        path: the file to write.

    Raises:
        PneumoscopeError: if the written file does not give the probabilities of the network.
    """
    model, kernel = explained(network)
    signature = [
        *(
            keras.InputSpec(shape=image.shape, dtype=image.dtype, name=name)
            for name, image in graph.inputs(*network.input_shape[1:3]).items()
        ),
        keras.InputSpec(shape=kernel.shape, dtype="float32", name=graph.KERNEL),
    ]
    with warnings.catch_warnings():
        # Keras uses a name that numpy has removed.
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        model.export(path, format="onnx", input_signature=[signature], verbose=False)
    _finish(path, keras.ops.convert_to_numpy(kernel))
    noise = np.random.default_rng(0).integers(0, 256, (2, *network.input_shape[1:]), dtype=np.uint8)
    exported = run_onnx(path, noise, graph.PROBABILITIES)
    difference = np.abs(network.predict_on_batch(noise) - exported).max()
    if not difference <= TOLERANCE:
        raise PneumoscopeError(
            f"The exported {path.name} does not agree with the network",
            expected=f"probabilities within {TOLERANCE}",
            received=f"a difference of {difference}",
        )


def _finish(path: Path, kernel: NDArray[np.float32]) -> None:
    """Turns the input `graph.KERNEL` into a constant, and the graph into its canonical form.

    As a constant from the beginning, it would be copied dozens of times by tf2onnx.
    """
    import onnx

    model = onnx.load(path)
    inputs = [value for value in model.graph.input if value.name != graph.KERNEL]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.graph.initializer.append(onnx.numpy_helper.from_array(kernel, graph.KERNEL))
    make_canonical(model.graph)
    onnx.save(model, path)


def run_onnx(path: Path, images: NDArray[np.uint8], output: str) -> NDArray[np.float32]:
    """Computes an output of an exported network, for images of shape (n, height, width, 1)."""
    session = open_session(path, usable_cores())
    batches = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
    found = [session.run([output], {graph.IMAGE: batch})[0] for batch in batches]
    return np.concatenate(found)
