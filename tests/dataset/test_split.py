"""Patients never cross a split."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pneumoscope.dataset import SplitSettings
from pneumoscope.dataset.scan import ImageSet
from pneumoscope.dataset.split import divide
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.types import ImageRecord, Split


def image_set(*patients: tuple[str, int, Split | None], each: int = 1) -> ImageSet:
    """So many images of each patient (key, label, published split)."""
    records = tuple(
        ImageRecord(Path(f"{patient}-{split}-{number}.png"), label, patient, split=split)
        for patient, label, split in patients
        for number in range(each)
    )
    return ImageSet(Path(), ("NORMAL", "PNEUMONIA"), records)


def many(count: int, split: Split | None = None, prefix: str = "") -> list[tuple]:
    return [(f"{prefix}p{number}", number % 2, split) for number in range(count)]


@given(
    counts=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 9)), min_size=40, max_size=90),
    seed=st.integers(0, 99),
)
@settings(max_examples=25)
def test_whole_patients_all_images_all_classes(counts: list[tuple[int, int]], seed: int) -> None:
    counts += [(0, 1), (1, 1)] * 4
    records = tuple(
        ImageRecord(Path(f"{number}-{i}"), label, f"p{number}")
        for number, (label, images) in enumerate(counts)
        for i in range(images)
    )
    division = divide(ImageSet(Path(), ("a", "b"), records), SplitSettings(seed))
    splits: dict[str, set[Split | None]] = {}
    for record in division.records:
        splits.setdefault(record.patient, set()).add(record.split)
    assert all(len(found) == 1 for found in splits.values())
    assert sorted(str(r.path) for r in division.records) == sorted(str(r.path) for r in records)
    assert {(r.split, r.label) for r in division.records} == {
        (split, label) for split in Split for label in (0, 1)
    }


def test_shares_are_met_and_classes_are_alike() -> None:
    division = divide(image_set(*many(400)), SplitSettings(1, 0.2, 0.1))
    counts = Counter((record.split, record.label) for record in division.records)
    assert counts == {
        (Split.TRAIN, 0): 140,
        (Split.TRAIN, 1): 140,
        (Split.VAL, 0): 40,
        (Split.VAL, 1): 40,
        (Split.TEST, 0): 20,
        (Split.TEST, 1): 20,
    }


def test_same_seed_same_split_other_seed_other_split() -> None:
    images = image_set(*many(100))
    first, again, other = (divide(images, SplitSettings(seed)).records for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_published_test_stays_whole_and_val_is_folded_into_train() -> None:
    images = image_set(
        *many(60, Split.TRAIN), *many(16, Split.VAL, "v"), *many(20, Split.TEST, "t")
    )
    division = divide(images, SplitSettings())
    test = {record.path for record in division.records if record.split is Split.TEST}
    assert test == {record.path for record in images.published(Split.TEST)}
    assert any("(16 images) is folded" in notice for notice in division.notices)
    folded = [record.split for record in division.records if record.patient.startswith("v")]
    assert Split.TRAIN in folded


def test_training_images_of_test_patients_are_left_out() -> None:
    images = image_set(*many(40, Split.TRAIN), ("p1", 1, Split.TEST), ("x", 0, Split.TEST))
    division = divide(images, SplitSettings())
    assert [record.split for record in division.records if record.patient == "p1"] == [Split.TEST]
    assert any("1 training images are left out" in notice for notice in division.notices)


@pytest.mark.parametrize("patients", [4, 5])
def test_too_few_patients(patients: int) -> None:
    with pytest.raises(DataError, match="too few patients"):
        divide(image_set(*many(patients), each=5), SplitSettings())


def test_three_patients_of_each_class_are_enough() -> None:
    division = divide(image_set(*many(6)), SplitSettings())
    assert Counter(record.split for record in division.records) == dict.fromkeys(Split, 2)


@pytest.mark.parametrize("shares", [(0.0, 0.1), (0.1, -0.1), (0.5, 0.4), (-0.1, 0.2)])
def test_impossible_shares(shares: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="leave too little"):
        SplitSettings(1, *shares)


@pytest.mark.parametrize("shares", [(0.01, 0.01), (0.4, 0.4), (0.8, 0.0)])
def test_shares_at_their_limits(shares: tuple[float, float]) -> None:
    SplitSettings(1, *shares)


def test_no_test_split_is_drawn_if_none_is_wanted() -> None:
    division = divide(image_set(*many(100)), SplitSettings(1, 0.2, 0.0))
    assert {record.split for record in division.records} == {Split.TRAIN, Split.VAL}
