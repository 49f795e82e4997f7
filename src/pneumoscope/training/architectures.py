"""The networks: one function each, found by name.

Every network reads uint8 grey images of shape (n, height, width, 1) and normalises them itself.
The output of its layer `FEATURES` is its last stack of feature maps; what follows is the head:
`Flatten` or `GlobalAveragePooling2D`, hidden `Dense` layers with `Dropout` if any, and a `Dense`
softmax named `PROBABILITIES`. That is all that the exported class-activation map relies on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pneumoscope.errors import unknown_choice
from pneumoscope.training.backbones import BACKBONES
from pneumoscope.training.backend import keras
from pneumoscope.training.network import Network, Tensor
from pneumoscope.types import Geometry

FEATURES = "features"
PROBABILITIES = "probabilities"

Builder = Callable[[Geometry, int], Network]


def baseline(geometry: Geometry, classes: int) -> Network:
    """Builds the published network: convolutions of 32, 64 and 128 filters, each max-pooled.

    Args:
        geometry: the image size.
        classes: number of classes.

    Returns:
        A Keras model from uint8 (n, height, width, 1) to float32 (n, classes).
    """
    layers = keras.layers
    inputs = keras.Input((geometry.height, geometry.width, 1), dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255, dtype="float32", name="rescaling")(inputs)
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 3, activation="relu", name=f"convolution_{filters}")(x)
        name = FEATURES if filters == 128 else f"pooling_{filters}"
        x = layers.MaxPooling2D(name=name)(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(128, activation="relu", name="hidden")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    # The softmax stays in float32 whatever the precision of the rest.
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name=PROBABILITIES)(x)
    network: Network = keras.Model(inputs, outputs, name="baseline")
    return network


def residual(geometry: Geometry, classes: int) -> Network:
    """Builds a small residual network with global pooling, of 0.9 million parameters at any size.

    Each image is first brought to mean 0 and standard deviation 1, so that neither brightness nor
    contrast can predict the class. Four blocks of two 3x3 convolutions follow, 32 to 192 maps
    (He et al. 2016, arXiv:1512.03385; shortcuts are pooled: He et al. 2019, arXiv:1812.01187). The
    last keeps the size of the one before, a sixteenth of the image's, for the sake of the heatmap.

    Args:
        geometry: the image size.
        classes: number of classes.

    Returns:
        A Keras model from uint8 (n, height, width, 1) to float32 (n, classes).
    """
    layers = keras.layers
    inputs = keras.Input((geometry.height, geometry.width, 1), dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255, dtype="float32", name="rescaling")(inputs)
    x = layers.LayerNormalization(
        axis=(1, 2, 3),
        center=False,
        scale=False,
        epsilon=1e-4,
        dtype="float32",
        name="standardised",
    )(x)
    x = layers.Activation("relu")(_convolution(x, 32, 5, strides=2))
    for filters, strides in ((32, 2), (64, 2), (128, 2), (192, 1)):
        shortcut = layers.AveragePooling2D(2, padding="same")(x) if strides == 2 else x
        shortcut = _convolution(shortcut, filters, 1)
        x = layers.Activation("relu")(_convolution(x, filters, 3, strides))
        x = layers.Add()([_convolution(x, filters, 3), shortcut])
        x = layers.Activation("relu", name=FEATURES if strides == 1 else f"block_{filters}")(x)
    x = layers.GlobalAveragePooling2D(dtype="float32", name="pooled")(x)
    x = layers.Dropout(0.3, dtype="float32", name="dropout")(x)
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name=PROBABILITIES)(x)
    network: Network = keras.Model(inputs, outputs, name="residual")
    return network


def _convolution(x: Tensor, filters: int, size: int, strides: int = 1) -> Tensor:
    """Adds a convolution and its batch normalisation."""
    x = keras.layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    return keras.layers.BatchNormalization(momentum=0.99)(x)


def on_backbone(name: str, geometry: Geometry, classes: int) -> Network:
    """Builds a network on a published body: global pooling, dropout, a dense layer.

    Args:
        name: one of `BACKBONES`.
        geometry: the image size.
        classes: number of classes.

    Returns:
        A Keras model from uint8 (n, height, width, 1) to float32 (n, classes), its weights random.
    """
    layers = keras.layers
    inputs = keras.Input((geometry.height, geometry.width, 1), dtype="uint8", name="image")
    x = BACKBONES[name].feature_maps(inputs)
    x = layers.Activation("linear", name=FEATURES)(x)
    x = layers.GlobalAveragePooling2D(dtype="float32", name="pooled")(x)
    x = layers.Dropout(0.2, dtype="float32", name="dropout")(x)
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name=PROBABILITIES)(x)
    network: Network = keras.Model(inputs, outputs, name=name)
    return network


ARCHITECTURES: dict[str, Builder] = {
    "residual": residual,
    "baseline": baseline,
    **{name: partial(on_backbone, name) for name in BACKBONES},
}


def find(name: str) -> Builder:
    """Finds the architecture of a name.

    Raises:
        SettingsError: if there is no architecture of this name.
    """
    try:
        return ARCHITECTURES[name]
    except KeyError:
        raise unknown_choice(
            "There is no such architecture", name, tuple(ARCHITECTURES), setting="arch"
        ) from None
