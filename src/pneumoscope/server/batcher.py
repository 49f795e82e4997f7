"""Small batches: images of many requests that meet within a moment go through the network at once.

A batch of several images takes less processor time than the same images one by one, and while one
is in work the next one gathers, so that only an idle service ever waits for company.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pneumoscope.inference import BATCH, Judged, Read

_SECONDS = 0.002  # that the first of a batch waits for others at most

Judge = Callable[[Sequence[tuple[str, Read]]], list[Judged]]
"""Function that judges images that were read."""


@dataclass(eq=False)
class _Waiting:
    reading: tuple[str, Read]
    done: asyncio.Future[Judged] = field(default_factory=lambda: asyncio.Future())


class Batcher:
    """Judges images in batches, one batch at a time, on a thread of its own.

    Args:
        judge: function that judges a batch.
        tell: function that is told the number of images in each batch that was judged.
    """

    def __init__(self, judge: Judge, tell: Callable[[int], None]) -> None:
        self._judge, self._tell = judge, tell
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "batcher")

    async def judge(self, reading: tuple[str, Read]) -> Judged:
        """Judges one image, together with others that wait."""
        waiting = _Waiting(reading)
        self._queue.put_nowait(waiting)
        return await waiting.done

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            batch = [await self._queue.get()]
            await self._gather(batch)
            wanted = [each for each in batch if not each.done.cancelled()]
            await self._work(wanted)

    async def _gather(self, batch: list[_Waiting]) -> None:
        """Adds what else waits, or comes within a moment."""
        try:
            async with asyncio.timeout(_SECONDS):
                while len(batch) < BATCH:
                    batch.append(await self._queue.get())
        except TimeoutError:
            pass

    async def _work(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        readings = [each.reading for each in batch]
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._thread, self._judge, readings)
        except Exception as error:
            if len(batch) > 1:  # one image shall not spoil the others
                for each in batch:
                    await self._work([each])
            elif not batch[0].done.done():
                batch[0].done.set_exception(error)
            return
        self._tell(len(batch))
        for each, judged in zip(batch, found, strict=True):
            if not each.done.done():
                each.done.set_result(judged)
