"""Scoring an archive: every image has its row, once, and it is what prediction gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pneumoscope import drift, hashed_names, predict, score
from pneumoscope.errors import SettingsError
from pneumoscope.scored.plan import read_plan
from pneumoscope.scored.shards import list_shards, shard_path
from tests.conftest import encoded, picture, write_bundle
from tests.scale.conftest import record_of, rows_of

Shards = Callable[[int], None]


def test_rows_are_the_records_of_predictions(archive: Path, tmp_path: Path) -> None:
    model = write_bundle(tmp_path / "gated", usual=120.0)
    (archive / "NORMAL" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
    found = score(model, archive, tmp_path / "scored", workers=2)
    rows = rows_of(tmp_path / "scored")
    records = [prediction.to_dict() for prediction in predict(model, archive)]
    by_path = {record["path"]: record for record in records}
    assert {row["path"]: record_of(tmp_path / "scored", row) for row in rows} == by_path
    assert found.scored == found.images == len(rows) == len(records)
    assert found.status["error"] == 1
    assert found.errors == {"image-broken": 1}


def test_it_goes_on_with_the_shards_that_are_missing(
    archive: Path, bundle: Path, tmp_path: Path, small_shards: Shards
) -> None:
    small_shards(10)
    scored = tmp_path / "scored"
    score(bundle, archive, scored, workers=2)
    before = rows_of(scored)
    assert list_shards(scored) == [*range(read_plan(scored).shards)]
    kept = shard_path(scored, 0).stat().st_mtime_ns
    shard_path(scored, 1).unlink()
    score(bundle, archive, scored, workers=1)
    assert rows_of(scored) == before
    assert shard_path(scored, 0).stat().st_mtime_ns == kept


def test_parts_of_the_work_make_the_whole(
    archive: Path, bundle: Path, tmp_path: Path, small_shards: Shards
) -> None:
    small_shards(7)
    whole = score(bundle, archive, tmp_path / "whole", workers=1)
    for part in (2, 1, 3):
        last = score(bundle, archive, tmp_path / "parts", shard=(part, 3), workers=1)
    assert rows_of(tmp_path / "parts") == rows_of(tmp_path / "whole")
    assert last.scored == whole.scored


@pytest.mark.parametrize(
    ("setting", "value"),
    [("workers", 0), ("sample", 0), ("shard", (3, 2)), ("shard", (0, 2)), ("prevalence", 2.0)],
)
def test_settings_out_of_range(
    setting: str, value: object, archive: Path, bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as caught:
        score(bundle, archive, tmp_path / "scored", **{setting: value})  # type: ignore[arg-type]
    assert caught.value.code == "out-of-range"
    assert not (tmp_path / "scored").exists()


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("gate", {"gate": False}),
        ("keep_uids", {"keep_uids": True}),
        ("sample", {"sample": 5}),
        ("seed", {"seed": 1}),
    ],
)
def test_other_settings_are_refused(
    field: str, settings: dict[str, object], archive: Path, bundle: Path, tmp_path: Path
) -> None:
    score(bundle, archive, tmp_path / "scored", workers=1)
    with pytest.raises(SettingsError) as caught:
        score(bundle, archive, tmp_path / "scored", **settings)  # type: ignore[arg-type]
    assert caught.value.code == "plan-differs"
    assert caught.value.values["setting"] == field


def test_another_model_another_source_and_other_names_are_refused(
    archive: Path, bundle: Path, tmp_path: Path
) -> None:
    scored = tmp_path / "scored"
    score(bundle, archive, scored, workers=1)
    other = write_bundle(tmp_path / "other", unit=8.0)
    with pytest.raises(SettingsError, match="`bundle` differs"):
        score(other, archive, scored)
    with pytest.raises(SettingsError, match="`data` differs"):
        score(bundle, archive / "NORMAL", scored)
    with hashed_names(), pytest.raises(SettingsError, match="differs"):
        score(bundle, archive, scored)


def test_a_folder_with_something_else_in_it_is_refused(
    archive: Path, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(SettingsError) as caught:
        score(bundle, archive, tmp_path / "full")
    assert caught.value.code == "output-occupied"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_images_that_came_since_are_counted(archive: Path, bundle: Path, tmp_path: Path) -> None:
    first = score(bundle, archive, tmp_path / "scored", workers=1)
    (archive / "NORMAL" / "new.png").write_bytes(encoded(picture(seed=9)))
    (archive / "notes.txt").write_text("no image")
    again = score(bundle, archive, tmp_path / "scored", workers=1)
    assert (first.new, again.new, again.strays) == (0, 1, 1)
    assert again.scored == first.scored


def test_drift_is_that_of_the_images(archive: Path, tmp_path: Path, small_shards: Shards) -> None:
    small_shards(20)
    scored = tmp_path / "scored"
    part = score("residual-2", archive, scored, shard=(1, 2), workers=1)
    whole = score("residual-2", archive, scored, workers=1)
    assert part.drift is None
    assert whole.drift is not None
    assert whole.drift.to_dict() == drift("residual-2", archive).to_dict()
    assert whole.to_dict()["drift"]["sentence"] == whole.drift.sentence


def test_it_goes_on_from_another_working_folder(
    archive: Path,
    bundle: Path,
    tmp_path: Path,
    small_shards: Shards,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small_shards(20)
    (archive / "NORMAL" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
    monkeypatch.chdir(tmp_path)
    score(bundle, "archive", "scored", shard=(1, 2), workers=1)
    expected = {each.path: each.to_dict() for each in predict(bundle, "archive")}
    monkeypatch.chdir(archive)
    score(bundle, archive, tmp_path / "scored", workers=1)
    found = {
        row["path"]: record_of(tmp_path / "scored", row) for row in rows_of(tmp_path / "scored")
    }
    assert found == expected
