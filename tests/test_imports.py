"""No command loads what it does not need, and each says which extra it lacks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import encoded, picture

HEAVY = ("tensorflow", "keras", "tensorboard", "tf2onnx", "torch", "jax")
EVALUATING = ("matplotlib", "scipy", "sklearn", "threadpoolctl")


def loaded(script: str, *arguments: object, looked_for: tuple[str, ...] = HEAVY) -> set[str]:
    script += f"\nimport sys; print(*(set({looked_for}) & set(sys.modules)))"
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
    measuring = "audit", "check_heatmaps", "compare", "evaluate", "load", "report", "stress"
    names = "; ".join(f"pneumoscope.{name}" for name in measuring)
    assert loaded(f"import pneumoscope; {names}") == set()
    settings = "import pneumoscope; pneumoscope.TrainingSettings().complete()"
    assert loaded(settings, looked_for=HEAVY + EVALUATING) == set()


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
    "score",
    "help",
)


@pytest.fixture
def arguments(bundle: Path, phantoms: Path, tmp_path: Path) -> dict[str, tuple[object, ...]]:
    image = tmp_path / "a.png"
    image.write_bytes(encoded(picture()))
    return {
        "predict": (
            "predict",
            bundle,
            image,
            "--heatmap",
            tmp_path / "heat",
            "--html",
            tmp_path / "p.html",
            "--pdf",
            tmp_path / "p.pdf",
        ),
        "evaluate": ("evaluate", bundle, phantoms, "--resamples", "100", "-o", tmp_path / "e"),
        "compare": ("compare", bundle, bundle, phantoms, "-o", tmp_path / "c"),
        "models": ("models", bundle),
        "stress": ("stress", bundle, phantoms, "--resamples", "100"),
        "report": ("report", bundle, phantoms, "-o", tmp_path / "page.html", "--resamples", "100"),
        "check-heatmaps": ("check-heatmaps", bundle, phantoms, "--images", "4"),
        "audit": ("data", "audit", phantoms, "-o", tmp_path / "audit.html"),
        "prepare": ("data", "prepare", phantoms, "-o", tmp_path / "p", "--image-size", "32"),
        "phantoms": ("data", "phantoms", tmp_path / "n", "--patients", "2"),
        "score": ("score", bundle, phantoms, "-o", tmp_path / "s", "--sample", "2"),
        "help": ("train", "--help"),
        "train": ("train", phantoms, "-o", tmp_path / "run"),
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_that_do_not_train(command: str, arguments: dict[str, tuple[object, ...]]) -> None:
    assert loaded(COMMAND, *arguments[command]) == set()


@pytest.mark.parametrize("command", ["predict", "models", "prepare", "phantoms", "score", "help"])
def test_commands_that_measure_nothing(
    command: str, arguments: dict[str, tuple[object, ...]]
) -> None:
    assert loaded(COMMAND, *arguments[command], looked_for=HEAVY + EVALUATING) == set()


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("evaluate", "evaluate"),
        ("compare", "evaluate"),
        ("stress", "evaluate"),
        ("report", "evaluate"),
        ("check-heatmaps", "evaluate"),
        ("audit", "evaluate"),
        ("score", "scale"),
        ("train", "train"),
    ],
)
def test_a_missing_extra_is_named(
    command: str, extra: str, arguments: dict[str, tuple[object, ...]]
) -> None:
    done = run_without((*EVALUATING, "pyarrow"), *arguments[command])
    assert done.returncode == 5
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert line.endswith(f'Install it with `pip install "pneumoscope[{extra}]"`.')
    assert not done.stdout


def test_looking_for_models_starts_no_engine() -> None:
    script = "from pneumoscope import shipped; shipped.names()"
    assert loaded(f"import sys; {script}; assert 'onnxruntime' not in sys.modules") == set()


def run_without(missing: Sequence[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the command line as if these were not installed."""
    script = f"""
import sys
from pneumoscope.cli.main import main
sys.modules |= dict.fromkeys({missing!r})
sys.argv[0] = "pneumoscope"
main()
"""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_training_without_keras_says_how_to_get_it(tmp_path: Path) -> None:
    done = run_without(["keras"], "train", tmp_path)
    assert done.returncode == 5
    assert 'pip install "pneumoscope[train]"' in done.stderr


def test_an_extra_is_named_in_python_too() -> None:
    script = f"import sys; sys.modules |= dict.fromkeys({EVALUATING}); import pneumoscope\n"
    script += "try: pneumoscope.evaluate\nexcept pneumoscope.PneumoscopeError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert 'pip install "pneumoscope[evaluate]"' in done.stdout
