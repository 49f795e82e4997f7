"""The model in service: images of requests to predictions, through one queue and one batcher."""

from __future__ import annotations

import asyncio
from types import TracebackType

from pneumoscope.imaging import Source
from pneumoscope.inference import Explanation, Judged, Predictor, ReadImage
from pneumoscope.server.batcher import Batcher


class Service:
    """A model that many requests share; an asynchronous context within which it works.

    Args:
        predictor: the model.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self._batcher = Batcher(lambda batch, maps: predictor.judge(batch, maps=maps))
        self._work: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Service:
        """Starts the work on batches."""
        self._work = asyncio.create_task(self._batcher.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the work on batches."""
        if self._work is not None:
            self._work.cancel()

    async def judge(self, source: Source | ReadImage, *, maps: bool) -> Judged:
        """Judges an image.

        Args:
            source: bytes of the file, with its name, or an image that has been read.
            maps: True to get class-activation maps, too.
        """
        loop = asyncio.get_running_loop()
        reading = await loop.run_in_executor(self.predictor.pool, self.predictor.read, source)
        return await self._batcher.judge(reading, maps=maps and self.predictor.explains)

    async def explain(
        self,
        source: Source,
        *,
        operating_point: str | None = None,
        prevalence: float | None = None,
        maps: bool = False,
    ) -> Explanation:
        """Predicts an image.

        Args:
            source: bytes of the file, with its name.
            operating_point: name of the threshold that makes the label; None for the service's.
            prevalence: fraction of positive images for which probabilities are restated.
            maps: True to get a heatmap, too.

        Raises:
            BundleError: as `Predictor.at`.
            SettingsError: as `Predictor.at`.
        """
        at = self.predictor.at(operating_point or self.predictor.operating_point.name, prevalence)
        return at.record(await self.judge(source, maps=maps))
