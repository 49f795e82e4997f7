"""Damaged files: a picture or an `ImageError`, and nothing else."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from pneumoscope.errors import ImageError
from tests.imaging.seeds import SEEDS, check


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A file with some bytes changed, put in or taken out, mostly near its beginning."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        position = chance.randrange(min(len(found), chance.choice([64, 700, len(found)])))
        match chance.randrange(4):
            case 0:
                del found[position : position + chance.choice([1, 2, 100])]
            case 1:
                found[position:position] = chance.randbytes(chance.choice([1, 2, 4]))
            case 2:
                found[position : position + 2] = chance.choice([b"\xff\xff", b"\0\0", b"\x7f\xff"])
            case _:
                found[position] = chance.randrange(256)
        if not found:
            break
    return bytes(found)


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_are_read(name: str) -> None:
    check(SEEDS[name])


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_files_are_read_or_refused(name: str) -> None:
    chance = random.Random(name)
    for _ in range(200):
        with suppress(ImageError):
            check(damaged(SEEDS[name], chance))
