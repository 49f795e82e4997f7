"""Near duplicates are found however they were saved, and different pictures are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from pneumoscope.dataset.audit import near
from pneumoscope.dataset.audit.near import THRESHOLD, near_pairs
from pneumoscope.dataset.phantom import Pattern, draw_phantom, sample_patient
from pneumoscope.imaging import Source, look
from tests.conftest import encoded


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Makes different smooth pictures, uint8 of shape (count, 32, 32)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (count, 5, 5), dtype=np.uint8)
    enlarged = [Image.fromarray(each).resize((32, 32), Image.Resampling.BICUBIC) for each in coarse]
    return np.stack([np.asarray(each) for each in enlarged])


def brute_force(thumbnails: np.ndarray) -> set[tuple[int, int]]:
    correlations = np.corrcoef(thumbnails.reshape(len(thumbnails), -1).astype(float))
    return set(map(tuple, np.argwhere(np.triu(correlations >= THRESHOLD, k=1)).tolist()))


def noisy(thumbnails: np.ndarray, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1.5, thumbnails.shape)
    return (thumbnails + noise).clip(0, 255).astype(np.uint8)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.sampled_from([2, 3, 17, 100]))
def test_small_sets_are_compared_completely(seed: int, count: int) -> None:
    different = pictures(count, seed)
    thumbnails = np.concatenate([different, noisy(different[: count // 2], seed)])
    found = near_pairs(thumbnails)
    assert set(found) == brute_force(thumbnails)
    assert all(THRESHOLD <= correlation <= 1 for correlation in found.values())


@pytest.mark.parametrize("seed", range(2))
def test_copies_are_found_among_many(seed: int) -> None:
    different = pictures(1500, seed)
    thumbnails = np.concatenate([different, noisy(different[:200], seed)])
    found = near_pairs(thumbnails, seed=seed)
    wanted = {(index, 1500 + index) for index in range(200)} & brute_force(thumbnails)
    assert len(wanted) > 150
    assert wanted <= set(found)
    assert set(found) <= brute_force(thumbnails)


def test_the_seed_decides_the_result() -> None:
    thumbnails = np.concatenate([pictures(300), noisy(pictures(300))])
    assert near_pairs(thumbnails, seed=3) == near_pairs(thumbnails, seed=3)


def test_work_grows_with_the_set_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    leaves = near._leaves

    def counted(*arguments: object) -> object:
        for leaf in leaves(*arguments):  # type: ignore[arg-type]
            compared.append(len(leaf) ** 2)
            yield leaf

    monkeypatch.setattr(near, "_leaves", counted)
    work = {}
    for count in (1024, 4096):
        compared.clear()
        near_pairs(pictures(count))
        work[count] = sum(compared)
    assert work[4096] == 4 * work[1024]


def test_a_set_of_copies_alone_ends() -> None:
    found = near_pairs(np.repeat(pictures(1), 700, axis=0))
    assert len(found) >= 699
    assert list(found.values()) == pytest.approx([1.0] * len(found))


def test_flat_pictures_are_not_compared() -> None:
    flat = np.full((3, 32, 32), 100, np.uint8)
    flat[:, 0, 0] += np.arange(3, dtype=np.uint8)
    assert near_pairs(flat) == {}


def phantom(number: int, index: int = 0) -> np.ndarray:
    patient = sample_patient(np.random.default_rng([5, number]), number, Pattern.NONE, 1.0)
    return draw_phantom(np.random.default_rng([number, index]), patient, width=320).pixels


# Changes that a copy of a radiograph may have undergone.
SAVED_ANEW = {
    "JPEG of quality 20": lambda image: encoded(image, "JPEG", quality=20),
    "a third of the size": lambda image: encoded(image.resize((107, image.height // 3))),
    "squashed": lambda image: encoded(image.resize((224, 224))),
    "brighter": lambda image: encoded(ImageEnhance.Brightness(image).enhance(1.2)),
    "richer in contrast": lambda image: encoded(ImageEnhance.Contrast(image).enhance(1.2)),
    "darker middle tones": lambda image: encoded(image.point(lambda v: 255 * (v / 255) ** 1.2)),
    "RGB": lambda image: encoded(image.convert("RGB")),
}


@pytest.mark.parametrize("how", SAVED_ANEW)
def test_radiograph_saved_anew_is_found(how: str) -> None:
    images = [Image.fromarray(phantom(number)) for number in range(4)]
    files = [encoded(image) for image in images] + [SAVED_ANEW[how](images[2])]
    thumbnails = np.stack([look(Source("image", data)).thumbnail for data in files])
    assert set(near_pairs(thumbnails)) == {(2, 4)}


def test_second_radiograph_of_a_patient_is_no_copy() -> None:
    files = [encoded(phantom(number, index)) for number in range(6) for index in range(3)]
    thumbnails = np.stack([look(Source("image", data)).thumbnail for data in files])
    assert near_pairs(thumbnails) == {}
