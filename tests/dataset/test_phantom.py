"""Synthetic radiographs are upright, marked, reproducible, and have what was planted."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pneumoscope.dataset.phantom import (
    SOFTWARE,
    Layout,
    Pattern,
    Phantom,
    PhantomSettings,
    draw_phantom,
    make_phantoms,
    sample_patient,
)
from pneumoscope.errors import SettingsError, StorageError
from pneumoscope.known import identify
from pneumoscope.types import ImageRecord, Label, Split

SICK = (Pattern.CONSOLIDATION, Pattern.INTERSTITIAL)


def draw(seed: int, pattern: Pattern = Pattern.NONE, **options: Any) -> Phantom:
    rng = np.random.default_rng(seed)
    patient = sample_patient(rng, 1, Pattern.CONSOLIDATION)
    return draw_phantom(rng, replace(patient, pattern=pattern), **options)


def pixels_of(record: ImageRecord) -> np.ndarray:
    with Image.open(record.path) as image:
        assert image.mode == "L"
        return np.asarray(image)


# --- one radiograph


def test_same_stream_gives_the_same_image() -> None:
    first, again, other = draw(1), draw(1), draw(2)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.pixels.shape != other.pixels.shape or np.any(first.pixels != other.pixels)


def test_images_of_one_patient_differ_in_pose() -> None:
    rng = np.random.default_rng(0)
    patient = sample_patient(rng, 1, Pattern.NONE)
    shapes = {draw_phantom(rng, patient, width=100).pixels.shape for _ in range(5)}
    assert len(shapes) > 1


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from(SICK), st.integers(64, 320), st.booleans())
def test_pneumonia_only_brightens_and_most_in_its_mask(
    seed: int, pattern: Pattern, width: int, marker: bool
) -> None:
    sick = draw(seed, pattern, width=width, marker=marker)
    healthy = draw(seed, width=width, marker=marker)
    assert sick.pattern is pattern
    assert sick.pixels.dtype == np.uint8
    assert sick.pixels.shape == sick.lesion.shape == healthy.pixels.shape
    assert sick.pixels.shape[1] == width
    gain = sick.pixels.astype(int) - healthy.pixels
    assert gain.min() >= 0
    assert sick.lesion.any()
    assert gain[sick.lesion].mean() > 3 * gain[~sick.lesion].mean()
    assert not healthy.lesion.any()
    assert (sick.lungs == healthy.lungs).all()
    assert (sick.lungs | ~sick.lesion).all()  # the pneumonia is in the lungs
    assert 0.1 < sick.lungs.mean() < 0.6


def test_stronger_pneumonia_is_brighter() -> None:
    def brightness(strength: float) -> float:
        rng = np.random.default_rng(3)
        patient = sample_patient(rng, 1, Pattern.CONSOLIDATION, strength)
        phantom = draw_phantom(rng, patient, width=128)
        return float(phantom.pixels[phantom.lesion].mean())

    assert brightness(0.1) < brightness(0.5) < brightness(1.0)


def test_exposure_brightens_and_marker_stands_on_the_viewers_left() -> None:
    dark, bright = draw(5, exposure=-1.0), draw(5, exposure=1.0)
    assert bright.pixels.mean() > dark.pixels.mean() + 10
    plain = draw(5, exposure=1.0, marker=False)
    rows, columns = np.nonzero(plain.pixels != bright.pixels)
    assert rows.size
    assert columns.max() < bright.pixels.shape[1] / 4


@pytest.fixture(scope="module")
def mean_chest() -> np.ndarray:
    """Averages 30 healthy chests, float (100, 100)."""
    sheets = [Image.fromarray(draw(seed, width=128, marker=False).pixels) for seed in range(30)]
    return np.mean([np.asarray(sheet.resize((100, 100))) for sheet in sheets], axis=0)


def test_chest_is_upright(mean_chest: np.ndarray) -> None:
    lungs = (mean_chest[40:60, 25:35].mean() + mean_chest[40:60, 70:76].mean()) / 2
    spine, abdomen = mean_chest[40:60, 48:53].mean(), mean_chest[90:, 30:70].mean()
    assert lungs + 50 < min(spine, abdomen)
    assert mean_chest[:15, :15].mean() < mean_chest[-15:, 25:75].mean()


def test_heart_lies_on_the_viewers_right(mean_chest: np.ndarray) -> None:
    beside_spine = mean_chest[45:65, 58:68].mean() - mean_chest[45:65, 32:42].mean()
    assert beside_spine > 15


# --- settings

WRONG: tuple[dict[str, Any], ...] = (
    {"patients": 0},
    {"patients": 100_000},
    {"images_per_patient": (0, 2)},
    {"images_per_patient": (3, 2)},
    {"pneumonia_share": 0.0},
    {"pneumonia_share": 1.0},
    {"pneumonia_share": 0.1, "patients": 20, "layout": Layout.SPLITS},
    {"width": (63, 100)},
    {"width": (100, 99)},
    {"width": (100, 2049)},
    {"lesion_strength": 0.0},
    {"lesion_strength": 4.1},
    {"seed": -1},
    {"marker_shortcut": 1.1},
    {"brightness_shortcut": -0.1},
    {"duplicates": 21},
    {"duplicates": -1},
    {"leaking_patients": 1},
    {"leaking_patients": 21, "layout": Layout.SPLITS},
)
RIGHT: tuple[dict[str, Any], ...] = (
    {"patients": 2},
    {"patients": 99_999, "images_per_patient": (1, 99), "width": (64, 2048)},
    {"pneumonia_share": 0.15, "patients": 20, "layout": Layout.SPLITS},
    {"duplicates": 20, "leaking_patients": 20, "layout": Layout.SPLITS},
    {"marker_shortcut": 1.0, "brightness_shortcut": 1.0, "lesion_strength": 4.0},
)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_settings_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=f"`{next(iter(wrong))}` is out of range. Expected"):
        PhantomSettings(**wrong)


@pytest.mark.parametrize("right", RIGHT, ids=str)
def test_settings_at_their_limits(right: dict[str, Any]) -> None:
    assert PhantomSettings(**right)


# --- data sets

SMALL = PhantomSettings(patients=12, images_per_patient=(1, 2), width=(64, 80), seed=7)
PLANTED = replace(
    SMALL, patients=24, layout=Layout.SPLITS, duplicates=3, leaking_patients=2, marker_shortcut=1.0
)


@dataclass(frozen=True)
class Made:
    folder: Path
    masks: Path
    records: tuple[ImageRecord, ...]
    steps: list[tuple[int, int]]


def make(folder: Path, what: PhantomSettings) -> Made:
    steps: list[tuple[int, int]] = []
    output, masks = folder / "images", folder / "masks"
    records = make_phantoms(
        output, what, masks=masks, progress=lambda done, total: steps.append((done, total))
    )
    return Made(output, masks, records, steps)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("small"), SMALL)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("planted"), PLANTED)


def test_class_folders_hold_what_the_records_say(small: Made) -> None:
    on_disk = {path for path in small.folder.rglob("*") if path.is_file()}
    assert on_disk == {record.path for record in small.records}
    for record in small.records:
        assert record.path.parent == small.folder / Label(record.label).name
        assert record.split is None
        assert SMALL.width[0] <= pixels_of(record).shape[1] <= SMALL.width[1]
    patients = Counter(label for _, label in {(r.patient, r.label) for r in small.records})
    assert patients == {Label.NORMAL: 6, Label.PNEUMONIA: 6}
    assert {r.subgroup for r in small.records} == set(Pattern)


def test_names_tell_the_patient_and_the_pattern(small: Made, planted: Made) -> None:
    for record in small.records + planted.records:
        identity = identify(record.path.name)
        assert identity is not None
        assert (identity.patient, identity.subgroup) == (record.patient, record.subgroup)


def test_every_file_says_that_it_is_synthetic(small: Made) -> None:
    for record in small.records:
        for path in (record.path, small.masks / record.path.name):
            with Image.open(path) as image:
                about = dict(image.info)
            assert about["Software"] == SOFTWARE
            assert "Synthetic" in about["Comment"]
            assert about["Seed"] == "7"
            assert record.patient.endswith(f"{int(about['Patient']):05d}")
            assert about["Pattern"] == (record.subgroup or "normal")


def test_masks_lie_over_the_pneumonia(small: Made) -> None:
    assert {path.name for path in small.masks.iterdir()} == {r.path.name for r in small.records}
    for record in small.records:
        mask = pixels_of(replace(record, path=small.masks / record.path.name))
        assert mask.shape == pixels_of(record).shape
        assert set(np.unique(mask)) == ({0, 255} if record.label else {0})


def test_same_settings_give_the_same_files_on_one_core(
    small: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    again = make_phantoms(tmp_path, SMALL)
    assert [r.path.relative_to(tmp_path) for r in again] == [
        r.path.relative_to(small.folder) for r in small.records
    ]
    for first, second in zip(small.records, again, strict=True):
        assert first.path.read_bytes() == second.path.read_bytes()
        assert first.sha256 == second.sha256


def test_another_seed_gives_other_images(small: Made, tmp_path: Path) -> None:
    other = make_phantoms(tmp_path, replace(SMALL, seed=8))
    assert not {r.sha256 for r in other} & {r.sha256 for r in small.records}


def test_progress_counts_every_image(planted: Made) -> None:
    total = len(planted.records)
    assert planted.steps == [(done, total) for done in range(1, total + 1)]


def splits_of_patients(records: tuple[ImageRecord, ...]) -> dict[str, set[Split | None]]:
    splits: dict[str, set[Split | None]] = defaultdict(set)
    for record in records:
        splits[record.patient].add(record.split)
    return splits


def test_every_split_has_both_classes(planted: Made) -> None:
    for split in Split:
        for label in Label:
            found = {r.path for r in planted.records if (r.split, r.label) == (split, label)}
            assert found
            assert found == set((planted.folder / split / label.name).iterdir())


def test_patients_leak_only_where_planted(planted: Made, tmp_path: Path) -> None:
    leaks = [s for s in splits_of_patients(planted.records).values() if len(s) > 1]
    assert leaks == [{Split.TRAIN, Split.TEST}] * PLANTED.leaking_patients
    clean = make_phantoms(tmp_path, replace(PLANTED, leaking_patients=0, duplicates=0))
    assert all(len(splits) == 1 for splits in splits_of_patients(clean).values())


def twins(records: tuple[ImageRecord, ...]) -> list[list[ImageRecord]]:
    same: dict[bytes, list[ImageRecord]] = defaultdict(list)
    for record in records:
        same[record.path.read_bytes()].append(record)
    return [group for group in same.values() if len(group) > 1]


def test_duplicates_cross_from_train_to_test_as_other_patients(planted: Made) -> None:
    pairs = twins(planted.records)
    assert len(pairs) == PLANTED.duplicates
    for original, copy in pairs:
        assert (original.split, copy.split) == (Split.TRAIN, Split.TEST)
        assert original.patient != copy.patient
        assert original.label == copy.label
        assert original.sha256 == copy.sha256


def test_duplicates_in_class_folders(small: Made, tmp_path: Path) -> None:
    assert not twins(small.records)
    pairs = twins(make_phantoms(tmp_path, replace(SMALL, duplicates=4)))
    assert [len({record.patient for record in pair}) for pair in pairs] == [2] * 4


def has_marker(record: ImageRecord) -> bool:
    pixels = pixels_of(record)
    shoulder = pixels[: pixels.shape[0] * 3 // 5, : pixels.shape[1] // 5]
    return bool(shoulder.max() > 218)


def test_a_planted_marker_predicts_the_class(planted: Made, small: Made) -> None:
    assert all(has_marker(record) == bool(record.label) for record in planted.records)
    by_chance = {(has_marker(record), record.label) for record in small.records}
    assert len(by_chance) == 4


def test_planted_brightness_predicts_the_class(small: Made, tmp_path: Path) -> None:
    # All else is drawn as without the shortcut, image by image.
    planted = make_phantoms(tmp_path, replace(SMALL, brightness_shortcut=1.0))
    changes: dict[int, list[float]] = defaultdict(list)
    for by_chance, record in zip(small.records, planted, strict=True):
        changes[record.label].append(pixels_of(record).mean() - pixels_of(by_chance).mean())
    assert max(changes[Label.NORMAL]) <= 0 <= min(changes[Label.PNEUMONIA])
    assert min(changes[Label.NORMAL]) < -5
    assert max(changes[Label.PNEUMONIA]) > 5


def test_folder_with_something_in_it_is_refused(small: Made, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"not empty.*Choose another one"):
        make_phantoms(small.folder, SMALL)
    with pytest.raises(SettingsError, match="masks is not empty"):
        make_phantoms(tmp_path / "new", SMALL, masks=small.masks)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("inside", ["", "masks", "NORMAL/masks"])
def test_masks_among_the_images_are_refused(tmp_path: Path, inside: str) -> None:
    with pytest.raises(SettingsError, match="masks would be taken for images"):
        make_phantoms(tmp_path, SMALL, masks=tmp_path / inside)


def test_masks_of_lungs_lie_beside_those_of_pneumonia(tmp_path: Path) -> None:
    masks, lungs = tmp_path / "masks", tmp_path / "lungs"
    settings = PhantomSettings(patients=4, seed=7, width=(96, 128))
    records = make_phantoms(tmp_path / "images", settings, masks=str(masks), lungs=str(lungs))
    for record in records:
        lesion, lung = (
            pixels_of(replace(record, path=folder / record.path.name)) for folder in (masks, lungs)
        )
        assert lesion.shape == lung.shape == pixels_of(record).shape
        assert set(np.unique(lung)) == {0, 255}
        assert (lung >= lesion).all()
    with pytest.raises(SettingsError, match="for other masks"):
        make_phantoms(tmp_path / "new", settings, masks=tmp_path / "m", lungs=tmp_path / "m")


@pytest.mark.parametrize("below", ["", "folder"])
def test_file_in_place_of_the_folder(tmp_path: Path, below: str) -> None:
    target = tmp_path / "file"
    target.write_text("not a folder")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        make_phantoms(target / below, SMALL)
