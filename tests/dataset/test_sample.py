"""A trial takes whole patients at random, with the shares of classes as they are, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumoscope.dataset import ScanSettings, SplitSettings, ensure_prepared, prepare, scan
from pneumoscope.dataset.sample import draw_sample
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.run import TrainingSettings
from pneumoscope.types import Geometry, ImageRecord

# 90 patients of class 0 with one image, 30 of class 1 with three.
RECORDS = tuple(
    ImageRecord(Path(f"{label}-{patient}-{image}.png"), label, f"{label}-{patient}")
    for label, patients, images in ((0, 90, 1), (1, 30, 3))
    for patient in range(patients)
    for image in range(images)
)


@pytest.mark.parametrize("limit", [20, 60, 120])
def test_whole_patients_with_the_shares_as_they_are(limit: int) -> None:
    sample, (notice,) = draw_sample(RECORDS, limit, 3)
    assert limit <= len(sample) <= limit + 3
    drawn = {record.patient for record in sample}
    assert sample == tuple(record for record in RECORDS if record.patient in drawn)
    assert sum(record.label for record in sample) == pytest.approx(len(sample) / 2, abs=3)
    assert notice.code == "sample"
    assert notice.values["left_out"] == len(RECORDS) - len(sample)
    assert f"{len(sample)} of 180 images" in notice.text


def test_the_seed_decides() -> None:
    first, same, other = (draw_sample(RECORDS, 30, seed)[0] for seed in (1, 1, 2))
    assert first == same != other


def test_all_are_taken_without_a_word_if_there_are_no_more() -> None:
    assert draw_sample(RECORDS, None, 1) == (RECORDS, ())
    assert draw_sample(RECORDS, 500, 1) == (RECORDS, ())


def test_a_sample_of_none_is_refused(phantoms: Path) -> None:
    with pytest.raises(SettingsError, match="limit"):
        scan(phantoms, ScanSettings(limit=0))


def test_a_prepared_sample_is_another_preparation(phantoms: Path) -> None:
    found = [
        prepare(phantoms, geometry=Geometry(32, 32), scanning=ScanSettings(limit=limit))
        for limit in (None, 20)
    ]
    assert found[0].root != found[1].root
    assert len(found[0].images.records) > len(found[1].images.records)
    assert "sample" in {notice.code for notice in found[1].images.notices}


def test_no_sample_is_drawn_from_what_is_prepared(phantoms: Path, tmp_path: Path) -> None:
    prepare(phantoms, tmp_path / "p", geometry=Geometry(32, 32))
    with pytest.raises(DataError, match="no sample"):
        ensure_prepared(
            tmp_path / "p",
            geometry=Geometry(32, 32),
            split=SplitSettings(),
            scanning=ScanSettings(limit=5),
        )


def test_a_training_says_so_in_its_command() -> None:
    command = TrainingSettings(limit=500).command(Path("data"))
    assert command.endswith("--limit 500")
