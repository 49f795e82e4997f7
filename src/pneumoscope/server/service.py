"""The model in service: images of requests to predictions, through one queue and one batcher."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType

from pneumoscope.errors import PneumoscopeError
from pneumoscope.imaging import Source
from pneumoscope.inference import Explanation, Judged, Predictor, Read
from pneumoscope.monitor import DriftReport, Monitor
from pneumoscope.monitor.basis import Basis
from pneumoscope.monitor.gauges import DriftCollector
from pneumoscope.server.batcher import Batcher
from pneumoscope.server.log import tell
from pneumoscope.server.metrics import Metrics
from pneumoscope.server.places import Memory, Places, Turns
from pneumoscope.server.recent import Recent
from pneumoscope.server.settings import Settings
from pneumoscope.server.traces import span
from pneumoscope.types import Prediction

_PRINTED = 2  # PDFs in work at a time


class Service:
    """A model that many requests share; an asynchronous context within which it works.

    Args:
        predictor: the model.
        settings: settings of the service.

    Raises:
        DataError: if the counters of its images are damaged.
        StorageError: if they cannot be written.

    Attributes:
        predictor: the model.
        settings: settings of the service.
        metrics: counters of what happens.
        monitor: counters of images, for drift.
        places: places of requests in work; whoever reads a body has taken one.
        memory: memory for the bodies of requests.
        printing: turns at making a PDF, whose pictures are in memory until it is done.
        stopping: True as soon as the service has been asked to stop.
    """

    def __init__(self, predictor: Predictor, settings: Settings) -> None:
        self.predictor = predictor
        self.settings = settings
        self.metrics = Metrics()
        self._recent = Recent()
        self.monitor = Monitor(Basis.of(predictor.bundle), settings.drift, self._tell_drift)
        self.metrics.registry.register(DriftCollector(lambda: self.monitor.latest))
        self.places = Places(settings.waiting)
        self.memory = Memory(max(settings.most_memory, settings.most_bytes), settings.patience)
        self.printing = Turns(_PRINTED, settings.patience)
        self.stopping = False
        self.metrics.watch_waiting(lambda: self.places.taken)
        self._batcher = Batcher(lambda batch: predictor.judge(batch), self.metrics.batch)
        # A thread of its own, so that reading and drawing do not queue behind it.
        self._explaining = ThreadPoolExecutor(1, "explaining")
        self._work: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """True if it takes requests."""
        return self._work is not None and not self._work.done() and not self.stopping

    async def __aenter__(self) -> Service:
        """Starts the work on batches, and the look for drift."""
        self.monitor.start()
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
        self._explaining.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self.monitor.stop)

    def stop(self) -> None:
        """Says from now on that it is not ready; what it has taken is answered all the same."""
        self.stopping = True

    def at(self, operating_point: str | None = None, prevalence: float | None = None) -> Predictor:
        """Returns the model as a request wants it.

        Args:
            operating_point: name of the threshold that makes the label; None for the service's.
            prevalence: fraction of positive images for which probabilities are restated.

        Raises:
            BundleError: as `Predictor.at`.
            SettingsError: as `Predictor.at`.
        """
        if operating_point is None and prevalence is None:
            return self.predictor
        own = self.predictor.operating_point.name
        return self.predictor.at(own if operating_point is None else operating_point, prevalence)

    async def judge_read(self, reading: tuple[str, Read]) -> Judged:
        """Judges an image that has been read.

        Args:
            reading: the image as `Predictor.read` returns it.
        """
        with span("judge"):  # which begins with the queue
            return await self._batcher.judge(reading)

    async def explain(
        self,
        source: Source,
        *,
        operating_point: str | None = None,
        prevalence: float | None = None,
        heatmap: bool = False,
    ) -> Explanation:
        """Predicts an image.

        Args:
            source: bytes of the file, with its name.
            operating_point: name of the threshold that makes the label; None for the service's.
            prevalence: fraction of positive images for which probabilities are restated.
            heatmap: True to make a heatmap, too.

        Raises:
            BundleError: as `Predictor.at`.
            SettingsError: as `Predictor.at`.
        """
        at = self.at(operating_point, prevalence)
        loop = asyncio.get_running_loop()
        with span("read"):
            found = await loop.run_in_executor(self.predictor.pool, self._read, source)
        reading, sha256 = found
        judged = await self.judge_read(reading)
        if heatmap:
            with span("explain"):
                record = partial(at.record, judged, heatmap=True)
                explanation = await loop.run_in_executor(self._explaining, record)
        else:
            explanation = at.record(judged)
        self.count(judged, explanation.prediction, sha256)
        return explanation

    def count(self, judged: Judged, prediction: Prediction, sha256: str | None = None) -> None:
        """Counts an image that was judged, and its record.

        A file that comes again, as when the page shows it at another threshold, is not counted
        again for drift; it is told by its SHA-256.
        """
        self.metrics.predicted(prediction)
        if sha256 is None or self._recent.add(sha256):
            self.monitor.observe(judged, prediction)

    def _read(self, source: Source) -> tuple[tuple[str, Read], str]:
        return self.predictor.read(source), source.sha256

    def _tell_drift(self, found: DriftReport | PneumoscopeError, new: bool) -> None:
        if isinstance(found, PneumoscopeError):
            self.metrics.drift_unknown()
        if new and isinstance(found, PneumoscopeError):
            tell("drift-unknown", code=found.code)
        elif new and isinstance(found, DriftReport):
            tell("drift", alarm=found.alarm.on, quantities=", ".join(found.alarm.quantities))
