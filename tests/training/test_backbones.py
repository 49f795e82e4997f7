"""Published networks give for a grey image what they give for three channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pneumoscope import graph
from pneumoscope.training import architectures, weights
from pneumoscope.training.architectures import FEATURES
from pneumoscope.training.backbones import BACKBONES
from pneumoscope.training.backend import keras
from pneumoscope.types import Geometry
from tests.training.test_export import differentiated, run_explained

pytestmark = pytest.mark.keras

HEIGHT, WIDTH = 64, 72

# What a user of the published network would call; identity where it is inside the network.
PREPROCESSING = {
    "mobilenet_v3_small": keras.applications.mobilenet_v3.preprocess_input,
    "efficientnet_lite0": lambda rgb: (rgb - 127) / 128,
    "efficientnet_v2_b0": keras.applications.efficientnet_v2.preprocess_input,
    "densenet121": keras.applications.densenet.preprocess_input,
    "resnet50_v2": keras.applications.resnet_v2.preprocess_input,
}


def lively(network: Any) -> Any:
    """Gives a network weights that all layers depend on, as training would."""
    rng = np.random.default_rng(0)
    for variable in network.weights:
        if variable.path.endswith("moving_variance"):
            variable.assign(rng.uniform(0.5, 2, variable.shape))
        elif variable.path.endswith("gamma"):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif len(variable.shape) == 1:
            variable.assign(rng.normal(0, 0.3, variable.shape))
    return network


def noise(count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, HEIGHT, WIDTH, 1), dtype=np.uint8)


@pytest.mark.parametrize("name", BACKBONES)
def test_grey_gives_what_three_channels_give(name: str) -> None:
    backbone = BACKBONES[name]
    published = lively(
        backbone.function(include_top=False, weights=None, input_shape=(HEIGHT, WIDTH, 3))
    )
    rgb = np.repeat(noise(), 3, axis=-1).astype(np.float32)
    expected = published.predict_on_batch(PREPROCESSING[name](rgb))

    network = architectures.find(name)(Geometry(HEIGHT, WIDTH), 2)
    first, *others = published.get_weights()
    arrays = [backbone.grey_kernel(first), *others]
    assert len(arrays) + 2 == len(network.weights)  # all but the head's kernel and bias
    weights.put_in(network, arrays)
    body = keras.Model(network.input, network.get_layer(FEATURES).output)
    found = body.predict_on_batch(noise())
    assert expected.std() > 0.01
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("name", BACKBONES)
def test_border_is_exact(name: str) -> None:
    """The first convolution alone, where zeros stand for what lies beyond the image."""
    backbone = BACKBONES[name]
    mean, deviation = (np.asarray(x, np.float32) for x in (backbone.mean, backbone.deviation))
    kernel = np.random.default_rng(2).normal(size=(5, 5, 3, 4)).astype(np.float32)
    normalised = (np.repeat(noise(), 3, axis=-1) / np.float32(255) - mean) / deviation
    expected = keras.ops.conv(normalised, kernel, padding="same")

    inputs = keras.Input((HEIGHT, WIDTH, 1), dtype="uint8")
    network = keras.Model(inputs, backbone.feature_maps(inputs))
    grey = backbone.grey_kernel(kernel)
    planes = network.get_layer("rescaling" if grey.shape[2] == 1 else "planes").output
    found = keras.ops.conv(keras.Model(inputs, planes)(noise()), grey, padding="same")
    assert np.abs(np.asarray(found) - np.asarray(expected)).max() < 1e-4


def test_planes_are_no_more_than_are_needed() -> None:
    kernel = np.ones((3, 3, 3, 2), np.float32)
    planes = {name: BACKBONES[name].grey_kernel(kernel).shape[2] for name in BACKBONES}
    assert planes == {
        "mobilenet_v3_small": 1,
        "efficientnet_lite0": 1,
        "efficientnet_v2_b0": 2,
        "densenet121": 2,
        "resnet50_v2": 1,
    }


def test_maps_are_the_gradient() -> None:
    network = lively(architectures.find("mobilenet_v3_small")(Geometry(HEIGHT, WIDTH), 3))
    expected = differentiated(network, noise(2))
    assert np.abs(expected).max() > 1e-4
    maps = run_explained(network, noise(2))[graph.MAPS]
    assert maps.shape == (2, 3, 2, 3)
    assert maps == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_averages_of_batch_normalisation_follow_within_an_epoch() -> None:
    network = architectures.find("mobilenet_v3_small")(Geometry(32, 32), 2)
    normalising = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert {layer.momentum for layer in normalising} == {0.9}
