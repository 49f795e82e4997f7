"""Patients never cross a split."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pneumoscope.dataset import SplitSettings
from pneumoscope.dataset.scan import ImageSet
from pneumoscope.dataset.split import divide
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.types import ImageRecord, Split


def image_set(*patients: tuple[str, int, Split | None], each: int = 1) -> ImageSet:
    """Makes images of patients, given by key, label and published split."""
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


def test_fractions_are_met_and_classes_are_alike() -> None:
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
    assert any("(16 images) is folded" in notice.text for notice in division.notices)
    folded = [record.split for record in division.records if record.patient.startswith("v")]
    assert Split.TRAIN in folded


def test_training_images_of_test_patients_are_left_out() -> None:
    images = image_set(*many(40, Split.TRAIN), ("p1", 1, Split.TEST), ("x", 0, Split.TEST))
    division = divide(images, SplitSettings())
    assert [record.split for record in division.records if record.patient == "p1"] == [Split.TEST]
    assert any("1 training images are left out" in notice.text for notice in division.notices)


@pytest.mark.parametrize("patients", [4, 5])
def test_too_few_patients(patients: int) -> None:
    with pytest.raises(DataError, match="too few patients"):
        divide(image_set(*many(patients), each=5), SplitSettings())


def test_three_patients_of_each_class_are_enough() -> None:
    division = divide(image_set(*many(6)), SplitSettings())
    assert Counter(record.split for record in division.records) == dict.fromkeys(Split, 2)


@pytest.mark.parametrize("fractions", [(0.0, 0.1), (0.1, -0.1), (0.5, 0.4), (-0.1, 0.2)])
def test_impossible_fractions(fractions: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="leave too little"):
        SplitSettings(1, *fractions)


@pytest.mark.parametrize("fractions", [(0.01, 0.01), (0.4, 0.4), (0.8, 0.0)])
def test_fractions_at_their_limits(fractions: tuple[float, float]) -> None:
    SplitSettings(1, *fractions)


def test_no_test_split_is_drawn_if_none_is_wanted() -> None:
    division = divide(image_set(*many(100)), SplitSettings(1, 0.2, 0.0))
    assert {record.split for record in division.records} == {Split.TRAIN, Split.VAL}


def test_a_rare_class_is_in_every_split_and_costs_no_other_its_fractions() -> None:
    rare = [(f"tb{number}", 2, None) for number in range(3)]
    images = replace(image_set(*many(800), *rare), classes=("a", "b", "c"))
    division = divide(images, SplitSettings(1))
    counts = Counter(record.split for record in division.records)
    assert counts[Split.VAL] == pytest.approx(0.15 * 803, abs=2)
    assert counts[Split.TEST] == pytest.approx(0.15 * 803, abs=2)
    assert {record.split for record in division.records if record.label == 2} == set(Split)
    assert not division.notices


@given(
    patients=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from("xyz"), st.integers(1, 6)), max_size=60
    ),
    seed=st.integers(0, 9),
)
@settings(max_examples=40)
def test_fractions_are_met_to_a_few_patients(
    patients: list[tuple[int, str, int]], seed: int
) -> None:
    patients += [(label, "x", 2) for label in (0, 1, 2) for _ in range(12)]
    records = tuple(
        ImageRecord(Path(f"{number}-{i}"), label, f"p{number}", subgroup=subgroup)
        for number, (label, subgroup, images) in enumerate(patients)
        for i in range(images)
    )
    division = divide(ImageSet(Path(), ("a", "b", "c"), records), SplitSettings(seed))
    counts = Counter(record.split for record in division.records)
    # Each class puts one patient everywhere; beyond that no more than one patient is over.
    assert abs(counts[Split.VAL] - 0.15 * len(records)) <= 4 * 6
    for label in (0, 1, 2):
        of_class = [record.split for record in division.records if record.label == label]
        assert set(of_class) == set(Split)


@given(order=st.randoms(use_true_random=False))
@settings(max_examples=10)
def test_the_order_of_the_records_does_not_matter(order: Random) -> None:
    images = image_set(*many(60), each=2)
    shuffled = list(images.records)
    order.shuffle(shuffled)
    again = divide(replace(images, records=tuple(shuffled)), SplitSettings(3))
    assert again.records == divide(images, SplitSettings(3)).records


def test_a_notice_names_fractions_that_patients_do_not_allow() -> None:
    crowd = [("crowd", 0, None)] * 50
    records = tuple(
        replace(record, path=Path(f"{number}.png"))
        for number, record in enumerate(image_set(*many(6), *crowd).records)
    )
    division = divide(replace(image_set(*many(6)), records=records), SplitSettings(1))
    assert "% of the images, not 15%" in " ".join(map(str, division.notices))


def test_hashed_patients_are_drawn_alike_under_every_key() -> None:
    def splits(prefix: str) -> list[Split | None]:
        patients = [(f"patient {prefix}{(n * 37) % 50}", n % 2, None) for n in range(50)]
        records = tuple(
            replace(record, path=Path(f"{number}.png"))
            for number, record in enumerate(image_set(*patients).records)
        )
        divided = divide(replace(image_set(*patients), records=records), SplitSettings(1))
        return [record.split for record in divided.records]

    assert splits("a") == splits("f")
