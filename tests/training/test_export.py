"""The class-activation map of the exported graph is the gradient, exactly."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from pneumoscope import graph
from pneumoscope.errors import PneumoscopeError
from pneumoscope.training import export
from pneumoscope.training.architectures import FEATURES, PROBABILITIES, find
from pneumoscope.training.backend import keras
from pneumoscope.training.export import ExplainedHead, export_onnx, run_onnx
from pneumoscope.types import Geometry

pytestmark = pytest.mark.keras

HIDDEN = {
    "one dense layer": (),
    "one hidden layer": (7,),
    "three hidden layers": (9, 8, 7),
}


def network(pooling: str, hidden: tuple[int, ...], classes: int = 3) -> Any:
    layers = keras.layers
    keras.utils.set_random_seed(3)
    inputs = keras.Input((12, 10, 1), dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255, dtype="float32")(inputs)
    x = layers.Conv2D(5, 3, activation="tanh", name=FEATURES)(x)
    pool = layers.Flatten if pooling == "flatten" else layers.GlobalAveragePooling2D
    x = pool(name="pooled")(x)
    for number, units in enumerate(hidden):
        name = f"hidden_{number}"
        x = layers.Dense(units, activation="relu", bias_initializer="normal", name=name)(x)
        x = layers.Dropout(0.5)(x)
    outputs = layers.Dense(
        classes, activation="softmax", bias_initializer="normal", name=PROBABILITIES
    )(x)
    return keras.Model(inputs, outputs)


def differentiated(model: Any, images: np.ndarray) -> np.ndarray:
    """Gradient of each centred logit times the features, by automatic differentiation."""
    import tensorflow as tf

    layers = list(model.layers)
    start = [layer.name for layer in layers].index(FEATURES) + 1
    features = tf.convert_to_tensor(keras.Model(model.input, layers[start - 1].output)(images))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        x = features
        for layer in layers[start:-1]:
            x = layer(x, training=False) if isinstance(layer, keras.layers.Dropout) else layer(x)
        logits = x @ layers[-1].kernel + layers[-1].bias
        logits -= tf.reduce_mean(logits, axis=1, keepdims=True)
        scores = [logits[:, c] for c in range(logits.shape[1])]
    maps = [tf.reduce_sum(tape.gradient(score, features) * features, axis=-1) for score in scores]
    return np.stack(maps, axis=1)


def run_explained(model: Any, images: np.ndarray) -> dict[str, np.ndarray]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "network.onnx")
        export_onnx(model, path)
        return {name: run_onnx(path, images, name) for name in graph.outputs(2)}


@pytest.mark.parametrize("pooling", ["flatten", "average"])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_maps_equal_automatic_differentiation(pooling: str, hidden: str) -> None:
    model = network(pooling, HIDDEN[hidden])
    images = np.random.default_rng(0).integers(0, 256, (4, 12, 10, 1), dtype=np.uint8)
    outputs = run_explained(model, images)
    expected = differentiated(model, images)
    assert np.abs(expected).max() > 1e-3
    assert outputs[graph.MAPS] == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert outputs[PROBABILITIES] == pytest.approx(model.predict_on_batch(images), abs=1e-6)


@pytest.mark.parametrize("architecture", ["residual", "baseline"])
def test_maps_of_our_networks_equal_automatic_differentiation(architecture: str) -> None:
    keras.utils.set_random_seed(4)
    model = find(architecture)(Geometry(48, 32), 2)
    images = np.random.default_rng(2).integers(0, 256, (3, 48, 32, 1), dtype=np.uint8)
    expected = differentiated(model, images)
    scale = float(np.abs(expected).max())
    assert scale > 1e-6
    assert run_explained(model, images)[graph.MAPS] == pytest.approx(
        expected, rel=1e-3, abs=1e-5 * scale
    )


@pytest.mark.parametrize("pooling", ["flatten", "average"])
def test_maps_and_biases_add_up_to_the_score_of_a_linear_head(pooling: str) -> None:
    model = network(pooling, ())
    images = np.random.default_rng(1).integers(0, 256, (2, 12, 10, 1), dtype=np.uint8)
    outputs = run_explained(model, images)
    logits = np.log(outputs[PROBABILITIES])
    bias = np.asarray(model.layers[-1].bias)
    scores = logits - logits.mean(axis=1, keepdims=True) - (bias - bias.mean())
    assert outputs[graph.MAPS].sum(axis=(2, 3)) == pytest.approx(scores, abs=1e-4)


def test_head_that_cannot_be_explained_is_refused() -> None:
    layers = keras.layers
    inputs = keras.Input((12, 10, 1), name="image")
    x = layers.Conv2D(4, 3, name=FEATURES)(inputs)
    x = layers.Dense(4, activation="tanh")(layers.Flatten()(x))
    outputs = layers.Dense(2, activation="softmax", name=PROBABILITIES)(x)
    with pytest.raises(TypeError, match="not one that can be explained"):
        ExplainedHead(keras.Model(inputs, outputs))


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (keras.layers.Conv2DTranspose(4, 3), "layer Conv2DTranspose"),
        (keras.layers.Conv2D(4, 3, activation="gelu"), "activation gelu"),
        (keras.layers.ReLU(negative_slope=0.1), "plain ReLU"),
        (keras.layers.LayerNormalization(), "normalises along"),
        (keras.layers.Reshape((3, 40, 1)), "reshapes to"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_layer_that_cannot_be_exported_is_named(layer: Any, named: str, tmp_path: Path) -> None:
    inputs = keras.Input((12, 10, 1), dtype="uint8", name="image")
    x = layer(keras.layers.Rescaling(1 / 255, dtype="float32")(inputs))
    x = keras.layers.Conv2D(4, 1, name=FEATURES)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(2, activation="softmax", name=PROBABILITIES)(x)
    with pytest.raises(TypeError, match=named):
        export_onnx(keras.Model(inputs, outputs), tmp_path / "network.onnx")


def test_file_with_other_numbers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        export, "run_onnx", lambda path, images, _: np.array([[0.5, np.nan, 0.5]] * 2)
    )
    with pytest.raises(PneumoscopeError, match="does not agree"):
        export_onnx(network("average", ()), tmp_path / "network.onnx")


# pooling, hidden layers, the layer whose output the features are
LAST = (("average", (), "pooled"), ("flatten", (7,), "hidden_0"), ("average", (9, 8), "hidden_1"))


@pytest.mark.parametrize(("pooling", "hidden", "layer"), LAST)
def test_features_are_what_the_last_layer_sees(
    pooling: str, hidden: tuple[int, ...], layer: str, tmp_path: Path
) -> None:
    model = network(pooling, hidden)
    export_onnx(model, tmp_path / "network.onnx")
    images = np.random.default_rng(1).integers(0, 256, (18, 12, 10, 1), dtype=np.uint8)
    expected = keras.Model(model.input, model.get_layer(layer).output).predict_on_batch(images)
    found = run_onnx(tmp_path / "network.onnx", images, graph.FEATURES)
    assert found == pytest.approx(expected, abs=1e-5)
