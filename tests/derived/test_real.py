"""Results of real radiographs by the shipped model."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumoscope.derived.kinds import Kind
from pneumoscope.imaging import read_bytes
from pneumoscope.inference import Predictor, load
from tests.derived.conftest import complaints, derived

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def shipped_model() -> Predictor:
    return load(gate=False)  # all get a map


def test_dciodvfy_finds_no_error(shipped_model: Predictor, real: Path, tmp_path: Path) -> None:
    for path in sorted((real / "dicom" / "chest").glob("*.dcm")):
        made = derived(shipped_model, read_bytes(path))
        assert list(made) == list(Kind)
        for result in made.values():
            assert not complaints("dciodvfy", result, tmp_path), path.name
