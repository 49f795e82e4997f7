"""The batcher works on images that meet, and one that fails spoils no other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from pneumoscope.errors import ImageError
from pneumoscope.inference import BATCH, Judged, Read
from pneumoscope.server.batcher import Batcher


class Network:
    """A network that fails at batches with an image of this name, and notes what it is given."""

    def __init__(self, bad: str = "") -> None:
        self.bad = bad
        self.given: list[list[str]] = []

    def judge(self, batch: Sequence[tuple[str, Read]]) -> list[Judged]:
        names = [name for name, _ in batch]
        self.given.append(names)
        if self.bad in names:
            raise ValueError(self.bad)
        return [Judged(name) for name in names]


async def judged(network: Network, names: Sequence[str]) -> list[Judged | BaseException]:
    batcher = Batcher(network.judge, lambda _: None)
    work = asyncio.create_task(batcher.run())
    waiting = [batcher.judge((name, ImageError(name))) for name in names]
    found = await asyncio.gather(*waiting, return_exceptions=True)
    work.cancel()
    return found


def test_each_gets_its_own_answer_in_full_batches() -> None:
    network, names = Network(), [str(number) for number in range(2 * BATCH + 3)]
    found = asyncio.run(judged(network, names))
    assert [each.name for each in found if isinstance(each, Judged)] == names
    assert [len(batch) for batch in network.given] == [BATCH, BATCH, 3]


def test_an_image_that_fails_spoils_no_other() -> None:
    found = asyncio.run(judged(Network(bad="2"), ["0", "1", "2", "3"]))
    assert [each.name for each in found if isinstance(each, Judged)] == ["0", "1", "3"]
    (error,) = [each for each in found if isinstance(each, BaseException)]
    with pytest.raises(ValueError, match="2"):
        raise error


def test_images_of_a_batch_that_fails_are_counted_once() -> None:
    async def counted() -> list[int]:
        sizes: list[int] = []
        batcher = Batcher(Network(bad="2").judge, sizes.append)
        work = asyncio.create_task(batcher.run())
        names = ("0", "1", "2", "3")
        waiting = [batcher.judge((name, ImageError(name))) for name in names]
        await asyncio.gather(*waiting, return_exceptions=True)
        work.cancel()
        return sizes

    assert asyncio.run(counted()) == [1, 1, 1]
