"""Initial weights: of a file, of ImageNet as far as that goes without internet, or none."""

from __future__ import annotations

import hashlib
import json
import urllib.error
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from keras.src.utils import file_utils

from pneumoscope.bundle import read_bundle
from pneumoscope.dataset import PreparedSet
from pneumoscope.errors import FetchError, PneumoscopeError, SettingsError
from pneumoscope.run import Precision, TrainingSettings
from pneumoscope.training import architectures, resume, train, weights
from pneumoscope.training.backbones import BACKBONES
from pneumoscope.training.backend import keras
from pneumoscope.types import Geometry
from tests.training.conftest import SEED
from tests.training.test_backbones import lively
from tests.training.test_fit import Recorder

pytestmark = pytest.mark.keras

NAME = "mobilenet_v3_small"
SETTINGS = TrainingSettings(
    arch="tiny",
    image_size=32,
    epochs=2,
    batch_size=8,
    seed=SEED,
    precision=Precision.FLOAT32,
    averaging=0.0,
    augmentation=False,
)


@pytest.fixture(scope="module")
def published() -> Any:
    """A network for three channels, as if it had been trained."""
    return lively(BACKBONES[NAME].three_channels(None))


@pytest.fixture(scope="module")
def file(published: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    published.save_weights(path)
    return path


def tiny(
    *, include_top: bool, weights: None, input_shape: Any = None, input_tensor: Any = None
) -> Any:
    """Builds a very small network, with the parameters of those of `keras.applications`."""
    assert not include_top
    assert weights is None
    given = keras.Input(input_shape) if input_tensor is None else input_tensor
    x = keras.layers.Conv2D(8, 5, strides=4, padding="same", use_bias=False)(given)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    return keras.Model(keras.utils.get_source_inputs(given), x)


@pytest.fixture
def tiny_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights of `tiny`, which is a backbone as long as the test runs."""
    backbone = replace(BACKBONES["densenet121"], function=tiny)
    monkeypatch.setitem(BACKBONES, "tiny", backbone)
    build = partial(architectures.on_backbone, "tiny")
    monkeypatch.setitem(architectures.ARCHITECTURES, "tiny", build)
    path = tmp_path / "mine.weights.h5"
    lively(backbone.three_channels(None)).save_weights(path)
    return path


@pytest.mark.parametrize("name", ["all.weights.h5", "all.keras", "all.h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_every_format_of_keras_is_read(name: str, published: Any, tmp_path: Path) -> None:
    save = published.save_weights if name.endswith(".weights.h5") else published.save
    save(tmp_path / name)
    first, *others = weights.read(NAME, str(tmp_path / name))
    expected, *rest = published.get_weights()
    assert first == pytest.approx(expected.sum(axis=2, keepdims=True), abs=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(others, rest, strict=True))


def test_origin_names_the_file_and_its_hash(file: Path) -> None:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert weights.origin(NAME, str(file)) == f"small.weights.h5 (SHA-256 {digest})"
    assert weights.origin(NAME, "auto") == weights.origin(NAME, "imagenet") == "imagenet"
    assert weights.origin(NAME, "none") == weights.origin("baseline", "auto") == "none"
    assert weights.read(NAME, "none") == weights.read("baseline", "auto") == []


@pytest.mark.parametrize("choice", ["imagenet", "some.weights.h5"])
def test_our_own_networks_start_from_nothing(choice: str) -> None:
    with pytest.raises(SettingsError, match=rf"{choice} cannot be had for baseline.*Expected none"):
        weights.origin("baseline", choice)


def test_missing_file_is_refused_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing there.*MobileNetV3Small\(include_top=False"):
        weights.origin(NAME, str(tmp_path / "gone.weights.h5"))
    with pytest.raises(SettingsError, match="a folder"):
        weights.origin(NAME, str(tmp_path))


@pytest.mark.parametrize("name", ["junk.weights.h5", "junk.h5", "junk.keras", "junk.npz"])
def test_file_that_holds_no_weights_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK no weights")
    with pytest.raises(SettingsError, match=rf"{name} cannot be loaded.*Expected a \.weights\.h5"):
        weights.read(NAME, str(tmp_path / name))


@pytest.mark.parametrize("arch", ["baseline", NAME])
def test_weights_of_another_network_are_refused(arch: str, tmp_path: Path) -> None:
    path = tmp_path / "other.weights.h5"
    architectures.find(arch)(Geometry(32, 32), 2).save_weights(path)
    with pytest.raises(SettingsError, match=r"three channels.*Received A total of \d+ objects"):
        weights.read(NAME, str(path))


def test_weights_that_are_nan_are_refused(published: Any, tmp_path: Path) -> None:
    path = tmp_path / "half.weights.h5"
    published.save_weights(path)
    with h5py.File(path, "a") as content:
        content["layers/conv2d_3/vars/0"][0, 0, 0, 0] = np.nan
    with pytest.raises(SettingsError, match="Received no values for expanded_conv"):
        weights.read(NAME, str(path))


def test_imagenet_without_internet_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(file_utils, "urlretrieve", offline)
    with pytest.raises(FetchError, match=r"no route to host.*save_weights.*`weights` none"):
        weights.read(NAME, "imagenet")


def test_imagenet_comes_through_keras(
    file: Path, published: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def download(name: str, *_: object, **__: object) -> str:
        assert "mobilenet_v3_small" in name
        assert "no_top" in name
        print("Downloading data")
        return str(file)

    monkeypatch.setattr(file_utils, "get_file", download)
    arrays = weights.read(NAME, "imagenet")
    assert np.array_equal(arrays[1], published.get_weights()[1])
    assert capsys.readouterr().out == ""


def test_run_starts_from_the_file_and_needs_it_no_more_once_it_has_a_checkpoint(
    tiny_file: Path, prepared: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SETTINGS, weights=str(tiny_file))
    started: list[Any] = []
    put_in = weights.put_in
    monkeypatch.setattr(weights, "put_in", lambda *given: (put_in(*given), started.append(given)))

    whole = train(prepared.root, tmp_path / "whole", settings)
    stopped = train(
        prepared.root, tmp_path / "run", settings, observer=Recorder(stop_after_epoch=1)
    )
    assert stopped.interrupted
    assert [array.shape for array in started[0][1]] == [(5, 5, 2, 8), (8,), (8,), (8,), (8,)]
    told = f"mine.weights.h5 (SHA-256 {hashlib.sha256(tiny_file.read_bytes()).hexdigest()})"
    tiny_file.unlink()
    finished = resume(tmp_path / "run")
    assert started[2][1] == []
    assert finished.history == whole.history

    info = read_bundle(finished.bundle).info
    assert info.settings["weights"] == told
    assert "--weights mine.weights.h5" in info.command
    saved = json.loads((finished.run / "settings.json").read_text())
    assert saved["given"]["weights"] == str(tiny_file)
    assert saved["resolved"]["weights"] == told
    assert f"starts from: {told}" in (finished.bundle / "MODEL_CARD.md").read_text()


def test_first_weights_make_a_difference(
    tiny_file: Path, prepared: PreparedSet, tmp_path: Path
) -> None:
    first = replace(SETTINGS, epochs=1)
    losses = [
        train(prepared.root, tmp_path / name, replace(first, weights=chosen)).history["loss"]
        for name, chosen in {"file": str(tiny_file), "none": "none"}.items()
    ]
    assert losses[0] != pytest.approx(losses[1], abs=1e-4)


def test_changed_file_is_refused_while_there_is_no_checkpoint(
    tiny_file: Path, prepared: PreparedSet, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, weights=str(tiny_file))
    with pytest.raises(PneumoscopeError, match="nothing to keep"):
        train(prepared.root, tmp_path / "run", settings, observer=Recorder(stop_at_batch=True))
    tiny_file.write_bytes(tiny_file.read_bytes() + b" ")
    with pytest.raises(SettingsError, match="has changed since the run was started"):
        resume(tmp_path / "run")


def test_wrong_weights_make_no_folder(phantoms: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no file of weights"):
        train(phantoms, tmp_path / "run", replace(SETTINGS, arch=NAME, weights="gone.h5"))
    assert not (tmp_path / "run").exists()
