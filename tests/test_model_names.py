"""Wherever a bundle is expected, the name of a model that ships stands for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import pneumoscope
from pneumoscope.cli.main import app
from pneumoscope.dataset import PhantomSettings, make_phantoms
from tests.cli.conftest import Run
from tests.cli.conftest import run as run  # the fixture
from tests.cli.test_options import commands

NAME = "bright-1"
FEW = ("--resamples", 100)

COMMANDS: dict[str, tuple[object, ...]] = {
    "evaluate": (NAME, "data", *FEW),
    "compare": (NAME, "bright-2", "data", *FEW),
    "stress": (NAME, "data", *FEW),
    "check-heatmaps": (NAME, "data", "--images", 4, *FEW),
    "report": (NAME, "data", *FEW),
    "predict": (NAME, "data"),
    "drift": (NAME, "data"),
    "calibrate": (NAME, "many", *FEW),
    "score": (NAME, "data", "--output", "scored"),
    "models show": (NAME,),
    "models export": (NAME, "out.zip"),
}
"""By command that takes a bundle: what it is given in this test."""


def with_labels(call: Callable[..., Any]) -> Any:
    """Calls a function of a model, images and their labels."""
    lines = [f"{path},{path.parent.name}" for path in sorted(Path("data").rglob("*.png"))]
    Path("labels.csv").write_text("\n".join(["path,label", *lines]))
    return call(NAME, "data", labels="labels.csv", resamples=100)


FUNCTIONS: dict[str, Callable[[Callable[..., Any]], Any]] = {
    "evaluate": lambda call: call(NAME, "data", resamples=100),
    "compare": lambda call: call([NAME, "bright-2"], "data", resamples=100),
    "stress": lambda call: call([NAME], "data", resamples=100),
    "check_heatmaps": lambda call: call(NAME, "data", images=4, resamples=100),
    "report": lambda call: call(NAME, "data", resamples=100),
    "predict": lambda call: list(call(NAME, "data")),
    "drift": lambda call: call(NAME, "data"),
    "calibrate": lambda call: call(NAME, "many", resamples=100),
    "score": lambda call: call(NAME, "data", "scored"),
    "performance_over_time": with_labels,
    "load": lambda call: call(NAME),
    "read_model": lambda call: call(NAME),
    "export_model": lambda call: call(NAME, "out.zip"),
}
"""By function that takes a bundle: how this test calls it."""

OTHER = {
    *("assist", "resume", "resume_several", "remove_model"),
    *("models add", "models remove", "serve"),
}
"""What takes runs to go on with, or models that no longer or not yet have a name; and the service,
which does not end, and loads its model as `load` does."""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes images of as many patients as a calibration takes."""
    root = tmp_path_factory.mktemp("many")
    make_phantoms(root / "data", PhantomSettings(patients=60, width=(64, 80), lesion_strength=3))
    return root / "data"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path, many: Path) -> None:
    """Makes a few images in an empty working folder, and an installation with models."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    make_phantoms("data", PhantomSettings(patients=8, width=(96, 128)))
    Path("many").symlink_to(many)


def test_no_command_is_left_out() -> None:
    found = {
        " ".join(path)
        for path, command in commands(get_command(app))
        for parameter in command.params
        if parameter.param_type_name == "argument" and "bundle" in (parameter.help or "").lower()
    }
    assert found == set(COMMANDS) | (OTHER & found)


@pytest.mark.keras
def test_no_function_is_left_out() -> None:
    takes = {
        name
        for name in pneumoscope.__all__
        if inspect.isfunction(function := getattr(pneumoscope, name))
        and {"bundle", "bundles", "model", "run"} & set(inspect.signature(function).parameters)
    }
    assert takes == set(FUNCTIONS) | (OTHER & takes)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("data")
def test_a_command_takes_the_name_of_a_model(name: str, run: Run) -> None:
    code, _, err = run(*name.split(), *COMMANDS[name])
    assert code == 0, err


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.usefixtures("data")
def test_a_function_takes_the_name_of_a_model(name: str) -> None:
    assert FUNCTIONS[name](getattr(pneumoscope, name))
