"""Training on JAX and on PyTorch, where there is no TensorFlow, to the same kind of bundle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from pneumoscope import load
from pneumoscope.errors import DependencyError, SettingsError
from pneumoscope.training import backend
from pneumoscope.types import Status

pytestmark = pytest.mark.keras

ROOT = Path(__file__).parents[2]
# Keras takes any entry of `sys.modules` for TensorFlow: it must not be found.
WITHOUT_TENSORFLOW = """
import sys
from importlib.machinery import PathFinder

find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: (
    None if name.partition(".")[0] == "tensorflow" else find(name, *rest)
)
from pneumoscope.__main__ import main
sys.exit(main())
"""
SMALL = ("--image-size", "32", "--epochs", "2", "--batch-size", "16", "--precision", "float32")


def interpreter(name: str) -> str:
    """PyTorch has an environment of its own, which `make torch` makes."""
    own = ROOT / ".venv-torch/bin/python"
    if name == "torch" and not own.exists():
        pytest.skip(f"{own} is not there: run `make torch`")
    return str(own) if name == "torch" else sys.executable


def train(name: str, data: Path, run: Path) -> str:
    """Trains on a backend; returns the history as it was written."""
    python = interpreter(name)
    environment = {**os.environ, "KERAS_BACKEND": name, "PYTHONPATH": str(ROOT / "src")}
    command = [python, "-c", WITHOUT_TENSORFLOW, "train", data, "--output", run, *SMALL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return (run / "history.csv").read_text()


@pytest.mark.timeout(900)  # two trainings, each compiled anew
@pytest.mark.parametrize("name", ["jax", "torch"])
def test_trains_without_tensorflow_to_a_bundle(name: str, phantoms: Path, tmp_path: Path) -> None:
    history = train(name, phantoms, tmp_path / "run")
    environment = json.loads((tmp_path / "run/environment.json").read_text())
    assert {*environment["versions"]} >= {name, "keras", "onnx"}
    assert not {"tensorflow", "tensorflow-cpu"} & {*environment["versions"]}
    predictor = load(tmp_path / "run")
    assert name in predictor.info.versions
    (image, *_) = sorted(phantoms.rglob("*.png"))
    assert predictor.predict(image).status is not Status.ERROR
    assert predictor.gives_maps
    assert train(name, phantoms, tmp_path / "again") == history


def install(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(
        backend, "find_spec", lambda name: ModuleSpec(name, None) if name in names else None
    )


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        (("tensorflow", "jax"), None),  # as Keras itself chooses
        (("jax", "torch"), "jax"),
        (("torch",), "torch"),
    ],
)
def test_installed_backend_is_chosen(
    installed: tuple[str, ...], chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend.os, "environ", {})
    install(monkeypatch, *installed)
    backend.choose_backend()
    assert backend.os.environ.get("KERAS_BACKEND") == chosen


def test_chosen_backend_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    install(monkeypatch, "tensorflow", "torch")
    backend.choose_backend()
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_unknown_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jaxx")
    with pytest.raises(SettingsError, match="jax") as caught:
        backend.choose_backend()
    assert caught.value.values["setting"] == "KERAS_BACKEND"


def test_missing_backend_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    install(monkeypatch, "tensorflow")
    with pytest.raises(DependencyError, match=r"pneumoscope\[torch\]"):
        backend.choose_backend()


def test_no_backend_names_all_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    install(monkeypatch)
    with pytest.raises(DependencyError) as caught:
        backend.choose_backend()
    for extra in ("train", "jax", "torch"):
        assert f"pneumoscope[{extra}]" in str(caught.value)
