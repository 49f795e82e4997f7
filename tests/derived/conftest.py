"""A model whose predictions depend on the mean grey of a radiograph, and its results."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from pneumoscope.derived.derive import Result, derive
from pneumoscope.derived.kinds import Kind
from pneumoscope.imaging import Source
from pneumoscope.inference import Predictor, load
from tests.conftest import write_bundle

WHEN = datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture(scope="package")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return load(write_bundle(tmp_path_factory.mktemp("model") / "bundle", usual=128.0))


def derived(predictor: Predictor, source: Source, **options: object) -> dict[Kind, Result]:
    made = derive(source, predictor.explain(source), predictor, WHEN, **options)
    return {result.kind: result for result in made}


def read(result: Result) -> Dataset:
    return dcmread(BytesIO(result.data))


def complaints(program: str, result: Result, folder: Path) -> list[str]:
    """Lists what a program of others finds wrong in a result; skips the test where it is absent."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    path = folder / f"{result.kind}.dcm"
    path.write_bytes(result.data)
    run = subprocess.run([program, path], capture_output=True, text=True, errors="replace")
    lines = (run.stdout + run.stderr).splitlines()
    return [line for line in lines if line.startswith(("Error", "E:", "F:"))]
