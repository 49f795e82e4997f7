"""The contract that every architecture keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pneumoscope.bundle.graph import check_graph
from pneumoscope.errors import SettingsError
from pneumoscope.graph import MAPS, PROBABILITIES
from pneumoscope.recipes import ARCHITECTURES as DESCRIBED
from pneumoscope.recipes import PRETRAINED, RECIPES
from pneumoscope.run import Precision
from pneumoscope.training import precision
from pneumoscope.training.architectures import ARCHITECTURES, FEATURES, find
from pneumoscope.training.backbones import BACKBONES
from pneumoscope.training.backend import keras
from pneumoscope.training.export import export_onnx
from pneumoscope.types import Geometry
from tests.conftest import GATE_LEVELS, bundle_info
from tests.training.test_backbones import lively

pytestmark = pytest.mark.keras

GEOMETRY = Geometry(40, 48)

# These take minutes each, or take one to learn: `pytest -m slow` has them keep the contract too.
SLOW = {"densenet121", "resnet50_v2"}
SLOW_TO_LEARN = SLOW | {"efficientnet_v2_b0"}


def named(slow: set[str]) -> list[object]:
    marks = {name: [pytest.mark.slow] if name in slow else [] for name in ARCHITECTURES}
    return [
        pytest.param(name, marks=[pytest.mark.timeout(1200), *more]) for name, more in marks.items()
    ]


NAMES = named(SLOW)


def stripes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes that anything can learn: stripes that lie, and stripes that stand."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    rows, columns = np.indices((GEOMETRY.height, GEOMETRY.width))
    images = np.stack([127 + 90 * np.sin((rows if y else columns) / 2.0) for y in labels])
    images += rng.normal(0, 20, images.shape)
    return images.clip(0, 255).astype(np.uint8)[..., np.newaxis], labels.astype(np.int32)


def test_each_has_its_recipe() -> None:
    assert set(RECIPES) == set(ARCHITECTURES)
    assert all(replace(RECIPES[name], image_size=224) == PRETRAINED for name in BACKBONES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("classes", [2, 3])
def test_builds_with_right_shapes(name: str, classes: int) -> None:
    network = find(name)(GEOMETRY, classes)
    assert network.input_shape == (None, 40, 48, 1)
    assert network.output_shape == (None, classes)
    assert len(network.get_layer(FEATURES).output.shape) == 4
    images, _ = stripes(3)
    probabilities = network.predict_on_batch(images)
    assert probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_has_as_many_parameters_as_the_help_says(name: str) -> None:
    network = find(name)(RECIPES[name].geometry, 2)
    assert DESCRIBED[name].parameters == round(network.count_params() / 1e6, 1)


@pytest.mark.parametrize("name", named(SLOW_TO_LEARN))
def test_learns(name: str) -> None:
    keras.utils.set_random_seed(1)
    network = find(name)(GEOMETRY, 2)
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    images, labels = stripes(32)
    for _ in range(40):  # batch normalisation needs some hundred steps to know its averages
        network.fit(images, labels, batch_size=8, verbose=0)
        if network.evaluate(images, labels, verbose=0)[1] > 0.9:
            break
    else:
        pytest.fail("has not learnt")


@pytest.mark.parametrize("name", NAMES)
def test_survives_saving_and_exports_the_same_numbers(name: str, tmp_path: Path) -> None:
    network = lively(find(name)(GEOMETRY, 2))
    images, _ = stripes(5)
    expected = network.predict_on_batch(images)
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras", safe_mode=True)
    assert loaded.predict_on_batch(images) == pytest.approx(expected, abs=1e-6)

    export_onnx(network, tmp_path / "network.onnx")
    info = bundle_info(geometry=GEOMETRY, gate=GATE_LEVELS)
    check_graph(tmp_path / "network.onnx", (tmp_path / "network.onnx").read_bytes(), info)
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx")
    for count in (1, 5):
        probabilities, maps = session.run([PROBABILITIES, MAPS], {"image": images[:count]})
        assert probabilities == pytest.approx(expected[:count], abs=1e-5)
        assert maps.shape[:2] == (count, 2)


@pytest.mark.parametrize("name", NAMES)
def test_mixed_precision_ends_in_float32(name: str) -> None:
    network = precision.build_in(Precision.MIXED_BFLOAT16, lambda: find(name)(GEOMETRY, 2))
    assert network.get_layer("rescaling").compute_dtype == "float32"
    assert network.get_layer(FEATURES).compute_dtype == "bfloat16"
    assert network.output.dtype == "float32"
    assert keras.mixed_precision.dtype_policy().name == "float32"


def test_baseline_is_the_published_network() -> None:
    network = find("baseline")(Geometry(), 2)
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds == [
        "InputLayer",
        "Rescaling",
        *["Conv2D", "MaxPooling2D"] * 3,
        "Flatten",
        "Dense",
        "Dropout",
        "Dense",
    ]
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [32, 64, 128]
    assert {layer.kernel_size for layer in convolutions} == {(3, 3)}
    assert network.layers[-1].activation is keras.activations.softmax
    assert network.count_params() == 11_168_642


def test_unknown_architecture() -> None:
    with pytest.raises(
        SettingsError, match=r"Expected residual or baseline or .*Received resnet999"
    ):
        find("resnet999")


def test_residual_does_not_depend_on_brightness_and_contrast() -> None:
    network = find("residual")(GEOMETRY, 2)
    images, _ = stripes(4)
    dimmer = (images // 2 + 40).astype(np.uint8)
    assert network.predict_on_batch(dimmer) == pytest.approx(
        network.predict_on_batch(images), abs=0.02
    )


@pytest.mark.parametrize("seconds", [(1.0, 2.0), (2.0, 1.0)])
def test_auto_precision_is_the_faster_one(
    seconds: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    cost = dict(zip((Precision.FLOAT32, Precision.MIXED_BFLOAT16), seconds, strict=True))

    def step(candidate: Precision, build: object) -> object:
        def run() -> None:
            clock[0] += cost[candidate]

        return run

    monkeypatch.setattr(precision, "_training_step", step)
    monkeypatch.setattr(precision.time, "perf_counter", lambda: clock[0])
    expected = min(cost, key=lambda candidate: cost[candidate])
    assert precision.resolve(Precision.AUTO, lambda: None) is expected


def test_chosen_precision_is_not_measured() -> None:
    assert precision.resolve(Precision.FLOAT32, lambda: 1 / 0) is Precision.FLOAT32


def test_measuring_trains_a_real_step() -> None:
    found = precision.resolve(Precision.AUTO, lambda: find("baseline")(Geometry(32, 32), 2))
    assert found in (Precision.FLOAT32, Precision.MIXED_BFLOAT16)
