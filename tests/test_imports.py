"""What does not train must not load what trains, and the front door is what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pneumoscope
from tests.conftest import encoded, picture

HEAVY = ("tensorflow", "keras", "tf2onnx", "torch", "jax")


def loaded(script: str, *arguments: object) -> set[str]:
    script += f"\nimport sys; print(*(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


COMMAND = """
import sys
from pneumoscope.cli.main import main
sys.argv[0] = "pneumoscope"
try:
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
"""


def test_import_alone_loads_nothing_heavy() -> None:
    assert loaded("import pneumoscope, sys; assert 'numpy' not in sys.modules") == set()
    assert loaded("import pneumoscope; pneumoscope.load; pneumoscope.evaluate") == set()


COMMANDS = (
    "predict",
    "evaluate",
    "stress",
    "report",
    "check-heatmaps",
    "models",
    "audit",
    "prepare",
    "phantoms",
    "help",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_that_do_not_train(
    command: str, bundle: Path, phantoms: Path, tmp_path: Path
) -> None:
    image = tmp_path / "a.png"
    image.write_bytes(encoded(picture()))
    arguments = {
        "predict": ("predict", bundle, image, "--heatmap", tmp_path / "heat"),
        "evaluate": ("evaluate", bundle, phantoms, "--resamples", "100", "-o", tmp_path / "e"),
        "models": ("models", bundle),
        "stress": ("stress", bundle, phantoms),
        "report": ("report", bundle, phantoms, "-o", tmp_path / "report" / "page.html"),
        "check-heatmaps": ("check-heatmaps", bundle, phantoms, "--images", "4"),
        "audit": ("data", "audit", phantoms, "-o", tmp_path / "audit.html"),
        "prepare": ("data", "prepare", phantoms, "-o", tmp_path / "p", "--image-size", "32"),
        "phantoms": ("data", "phantoms", tmp_path / "n", "--patients", "2"),
        "help": ("train", "--help"),
    }[command]
    assert loaded(COMMAND, *arguments) == set()


def test_looking_for_models_starts_no_engine() -> None:
    script = "from pneumoscope import models; models.names()"
    assert loaded(f"import sys; {script}; assert 'onnxruntime' not in sys.modules") == set()


def test_every_public_name_is_there() -> None:
    assert len(pneumoscope.__all__) <= 10
    for name in pneumoscope.__all__:
        assert getattr(pneumoscope, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        _ = pneumoscope.magic


def test_training_without_keras_says_how_to_get_it(tmp_path: Path) -> None:
    script = 'import sys; sys.modules["keras"] = None; sys.argv[0] = "pneumoscope"\n' + COMMAND
    done = subprocess.run(
        [sys.executable, "-c", script, "train", str(tmp_path)], capture_output=True, text=True
    )
    assert 'pip install "pneumoscope[train]"' in done.stderr
