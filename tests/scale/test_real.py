"""Rows of real radiographs are what prediction gives of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pneumoscope import predict, score
from tests.scale.conftest import record_of, rows_of

pytestmark = pytest.mark.real

EACH = 25


def rounded(value: Any) -> Any:
    """Without the last digits of float32, which depend on the images that go with one."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(value, 5) if isinstance(value, float) else value


def test_rows_of_real_radiographs_are_the_records_of_predictions(
    real: Path, tmp_path: Path
) -> None:
    for name in ("chest_xray", "dicom", "other_images"):
        files = sorted(path for path in (real / name).rglob("*") if path.is_file())
        for path in files[:: len(files) // EACH]:
            link = tmp_path / "archive" / path.relative_to(real)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    score(None, tmp_path / "archive", tmp_path / "scored", workers=2)
    found = {
        row["path"]: rounded(record_of(tmp_path / "scored", row))
        for row in rows_of(tmp_path / "scored")
    }
    predicted = predict(None, tmp_path / "archive")
    assert found == {each.path: rounded(each.to_dict()) for each in predicted}
    assert len(found) > 2 * EACH
    assert len({record["status"] for record in found.values()}) > 1
