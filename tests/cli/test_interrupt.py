"""Ctrl-C is one line and exit code 130, whatever it meets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pneumoscope.inference import Predictor
from tests.cli.conftest import Run

# What compiled code makes of Ctrl-C, and what else may become of it.
INTERRUPTED = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()
except KeyboardInterrupt as error:
    raise ImportError("cannot be imported") from None
"""


@pytest.mark.parametrize("module", ["typer", "onnxruntime", "numpy"])
def test_while_a_module_is_imported(module: str, tmp_path: Path, images: Path) -> None:
    (tmp_path / f"{module}.py").write_text(INTERRUPTED)
    command = [sys.executable, "-m", "pneumoscope", "predict", str(images)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")


def test_while_predicting(
    run: Run, bundle: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Predictor, "predict_many", interrupted)
    code, _, err = run("predict", bundle, images)
    assert (code, err) == (130, "Interrupted.\n")


def test_where_it_is_ignored_it_stays_so(tmp_path: Path, images: Path) -> None:
    (tmp_path / "typer.py").write_text(INTERRUPTED.replace("signal.pause()", "os._exit(9)"))
    command = f"trap '' INT; exec {sys.executable} -m pneumoscope predict {images}"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (9, "")
