"""Descriptors of appearance: the changes of an image that they follow, and those they do not."""

from __future__ import annotations

import numpy as np
import pytest

from pneumoscope.gate.appearance import APPEARANCES, layout, tone
from pneumoscope.imaging import picture_facts

SHAPE = (96, 64)


def picture(seed: int = 0) -> np.ndarray:
    """uint8 of SHAPE: soft blobs with some grain."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.uniform(40, 200, (6, 4)), np.ones((16, 16)))
    return (coarse + rng.normal(0, 6, SHAPE)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", APPEARANCES)
def test_descriptors_of_a_picture_do_not_depend_on_others(name: str) -> None:
    numbers = APPEARANCES[name]
    pictures = np.stack([picture(0), picture(1)])
    found = numbers(pictures)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert not np.allclose(found[0], found[1])
    assert np.array_equal(found[1:], numbers(pictures[1:]))


def test_tone_begins_with_the_greys() -> None:
    facts = picture_facts(picture())
    greys = tone(picture()[np.newaxis])[0, :5]
    levels = [facts.brightness, facts.contrast, facts.dark, facts.light]
    assert greys == pytest.approx([*(level / 255 for level in levels), facts.black], rel=1e-6)


def test_spectrum_follows_detail_and_not_exposure() -> None:
    grain = np.random.default_rng(0).normal(128, 30, SHAPE).clip(0, 255)
    blurred = grain.reshape(48, 2, 32, 2).mean((1, 3)).repeat(2, 0).repeat(2, 1)
    pictures = np.stack([grain, blurred, grain / 2]).astype(np.uint8)
    sharp, soft, dim = tone(pictures)[:, 5:]
    assert soft[0] - soft[-1] > sharp[0] - sharp[-1] + 0.3
    assert dim == pytest.approx(sharp, abs=0.05)


def test_spectrum_has_its_peak_where_the_waves_are() -> None:
    across = np.arange(64)
    for ring in range(10):
        frequency = (ring + 0.5) / 32
        waves = 128 + 50 * np.sin(2 * np.pi * frequency * across)
        (found,) = tone(np.tile(waves, (64, 1)).astype(np.uint8)[np.newaxis])
        assert int(np.argmax(found[5:])) == ring


def test_tone_of_a_blank_picture_is_finite() -> None:
    assert np.isfinite(tone(np.full((1, 32, 32), 7, np.uint8))).all()


def test_layout_is_the_mean_of_each_part() -> None:
    parts = picture().reshape(16, 6, 16, 4).mean((1, 3)).ravel()
    assert layout(picture()[np.newaxis])[0] == pytest.approx(parts, abs=1.01)
