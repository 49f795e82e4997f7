"""EfficientNet-Lite0, which `keras.applications` does not have, up to its last block.

EfficientNet-B0 (Tan & Le 2019, arXiv:1905.11946) without squeeze-and-excitation, and with ReLU6 for
its activation: tensorflow/tpu, models/official/efficientnet/lite. The published network goes on
with a convolution to 1,280 maps for the 1,000 classes of ImageNet, which is left out: with it the
exported network takes 13.7 MB in place of 12.0, and the gate's distance, square in the number of
features, 6.6 MB in place of 0.4.
"""

from __future__ import annotations

from typing import Literal

from pneumoscope.training.backend import keras
from pneumoscope.training.network import Network, Tensor

# Window, stride of the first block, expansion, filters, number of blocks.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_STEM = 32
_BLOCKS = sum(blocks for *_, blocks in _STAGES)
_DROPPED = 0.2  # fraction of blocks skipped in training, at the last block: Huang et al. 2016


def efficientnet_lite0(
    *,
    include_top: Literal[False],
    weights: None,
    input_shape: tuple[int, int, int] | None = None,
    input_tensor: Tensor = None,
) -> Network:
    """Builds the network with random weights, by the parameters of those of `keras.applications`.

    Args:
        include_top: False.
        weights: None.
        input_shape: height, width and channels of its input, unless there is an `input_tensor`.
        input_tensor: its input, symbolic float32 (n, height, width, channels), normalised.

    Returns:
        A Keras model to the last feature maps, (n, height / 32, width / 32, 320), rounded up.
    """
    given = keras.Input(input_shape) if input_tensor is None else input_tensor
    x = _normalise(_convolution(given, _STEM, 3, 2), active=True)
    number = 0
    for window, strides, expansion, filters, blocks in _STAGES:
        for step in (strides, *[1] * (blocks - 1)):
            x = _block(x, number, window, step, expansion, filters)
            number += 1
    network: Network = keras.Model(
        keras.utils.get_source_inputs(given), x, name="efficientnet_lite0"
    )
    return network


def _block(
    x: Tensor, number: int, window: int, strides: int, expansion: int, filters: int
) -> Tensor:
    """Adds an inverted residual block (Sandler et al. 2018, arXiv:1801.04381)."""
    before, maps = x, x.shape[-1]
    if expansion > 1:
        x = _normalise(_convolution(x, expansion * maps, 1), active=True)
    x = keras.layers.DepthwiseConv2D(
        window, strides, padding="same", use_bias=False, depthwise_initializer=_initial()
    )(x)
    x = _normalise(x, active=True)
    x = _normalise(_convolution(x, filters, 1), active=False)
    if strides > 1 or filters != maps:
        return x
    # By a name of its own: the first that Keras would give is that of a layer of the head.
    x = keras.layers.Dropout(
        _DROPPED * number / _BLOCKS, noise_shape=(None, 1, 1, 1), name=f"drop_{number}"
    )(x)
    return keras.layers.Add()([x, before])


def _convolution(x: Tensor, filters: int, window: int, strides: int = 1) -> Tensor:
    return keras.layers.Conv2D(
        filters, window, strides, padding="same", use_bias=False, kernel_initializer=_initial()
    )(x)


def _normalise(x: Tensor, *, active: bool) -> Tensor:
    x = keras.layers.BatchNormalization(epsilon=1e-3)(x)
    return keras.layers.ReLU(6)(x) if active else x


def _initial() -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(2.0, "fan_out", "truncated_normal")
