"""Training is tested small: 32x32 phantoms, few epochs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumoscope.dataset import PreparedSet, SplitSettings, prepare
from pneumoscope.types import Geometry

SMALL = Geometry(32, 32)
SEED = 5


@pytest.fixture(scope="session")
def prepared(phantoms: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedSet:
    out = tmp_path_factory.mktemp("prepared") / "out"
    return prepare(phantoms, out, geometry=SMALL, split=SplitSettings(SEED))
