"""Damaged files: a picture or an `ImageError`, and nothing else."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from pneumoscope.errors import ImageError
from tests.imaging.damage import damaged
from tests.imaging.seeds import ODD, SEEDS, check


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_are_read(name: str) -> None:
    check(SEEDS[name])


@pytest.mark.parametrize("name", ODD)
def test_odd_files_are_read_or_refused(name: str) -> None:
    with suppress(ImageError):
        check(ODD[name])


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_files_are_read_or_refused(name: str) -> None:
    chance = random.Random(name)
    for _ in range(100):
        with suppress(ImageError):
            check(damaged(SEEDS[name], chance))
