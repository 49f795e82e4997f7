"""Other programs read the rows as they are."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars
import pytest

from pneumoscope import score
from tests.scale.conftest import rows_of


@pytest.fixture
def scored(archive: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("pneumoscope.scale.listing.SHARD", 20)
    score(bundle, archive, tmp_path / "scored", workers=1)
    return tmp_path / "scored"


def test_duckdb(scored: Path) -> None:
    rows = rows_of(scored)
    with duckdb.connect() as connection:
        (count, pneumonia, mean) = connection.execute(
            "SELECT count(*), count(*) FILTER (true_label = 'PNEUMONIA'), avg(probability) "
            f"FROM '{scored}/part-*.parquet'"
        ).fetchall()[0]
    assert count == len(rows)
    assert pneumonia == sum(row["true_label"] == "PNEUMONIA" for row in rows)
    assert mean == pytest.approx(sum(row["probability"] for row in rows) / len(rows))


def test_polars(scored: Path) -> None:
    table = polars.read_parquet(scored / "part-*.parquet")
    assert table.to_dicts() == rows_of(scored)
