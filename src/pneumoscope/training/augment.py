"""Random changes to training images that leave their class as it is."""

from __future__ import annotations

from typing import Any

from pneumoscope.training.backend import keras


def with_augmentation(network: Any) -> Any:
    """The network behind random changes, for training only; it shares the network's weights.

    A child may lie a little turned, shifted, nearer or further, and be exposed otherwise. Nothing
    is mirrored: the heart has a side.

    Args:
        network: a model from uint8 (n, h, w, 1).

    Returns:
        A model with the same input and output.
    """
    layers = keras.layers
    inputs = keras.Input(network.input_shape[1:], dtype="uint8", name="image")
    x = layers.Rescaling(1.0, dtype="float32")(inputs)
    for change in (
        layers.RandomRotation(0.03, fill_mode="constant", dtype="float32"),
        layers.RandomTranslation(0.06, 0.06, fill_mode="constant", dtype="float32"),
        layers.RandomZoom(0.12, fill_mode="constant", dtype="float32"),
        layers.RandomBrightness(0.12, value_range=(0, 255), dtype="float32"),
        layers.RandomContrast(0.2, value_range=(0, 255), dtype="float32"),
    ):
        x = change(x)
    return keras.Model(inputs, network(x), name=f"augmented_{network.name}")
