"""What tests of scoring share: an archive of phantoms, and rows as records of predictions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pneumoscope.scored.plan import read_plan
from pneumoscope.scored.shards import read_tables
from pneumoscope.types import RECORD_SCHEMA


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Reads all rows of a scored folder."""
    return [row for table in read_tables(folder) for row in table.to_pylist()]


def record_of(folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    """Makes of a row what `Prediction.to_dict` gives."""
    plain = "path label probability status distance nearest_source gate operating_point"
    return {
        **{name: row[name] for name in (*plain.split(), "prevalence", "error", "error_code")},
        "schema_version": RECORD_SCHEMA,
        "probabilities": dict(
            zip(read_plan(folder).classes, row["probabilities"] or (), strict=False)
        ),
        "reasons": notices("reason", row),
        "warnings": notices("warning", row),
        "heatmap": None,
        "model": {"name": row["model"], "version": row["model_version"]},
    }


def notices(kind: str, row: dict[str, Any]) -> list[dict[str, Any]]:
    columns = (row[f"{kind}_codes"], row[f"{kind}s"], row[f"{kind}_values"])
    return [
        {"code": code, "text": text, "values": json.loads(values)}
        for code, text, values in zip(*columns, strict=True)
    ]


@pytest.fixture
def archive(phantoms: Path, tmp_path: Path) -> Path:
    """An archive of phantoms in folders of classes."""
    return Path(shutil.copytree(phantoms, tmp_path / "archive"))


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes shards of fewer images than usual."""

    def make(images: int) -> None:
        monkeypatch.setattr("pneumoscope.scale.listing.SHARD", images)

    return make
