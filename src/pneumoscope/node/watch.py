"""Those who watch a node: its log, and its metrics where they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pneumoscope.errors import storage_errors
from pneumoscope.node.events import Event, Observer
from pneumoscope.node.log import Log
from pneumoscope.node.metrics import Metrics, served
from pneumoscope.node.settings import Settings


@contextmanager
def watching(settings: Settings) -> Iterator[Observer]:
    """Opens the log, and serves the metrics, during the block.

    Args:
        settings: settings of the node.

    Yields:
        The function to tell events, from any thread.

    Raises:
        SettingsError: if the port of the metrics cannot be listened on.
        StorageError: if the log cannot be written.
    """
    observers: list[Observer] = []

    def tell(event: Event) -> None:
        for observer in observers:
            observer(event)

    with ExitStack() as stack:
        if settings.log is None:
            observers.append(Log(sys.stderr))
        else:
            with storage_errors("write", settings.log):
                settings.log.parent.mkdir(parents=True, exist_ok=True)
                observers.append(Log(stack.enter_context(settings.log.open("a", encoding="utf-8"))))
        if settings.metrics_port is not None:
            metrics = Metrics()
            stack.enter_context(served(metrics, settings.metrics_port))
            observers.append(metrics)
        yield tell
