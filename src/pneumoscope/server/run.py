"""The service as a whole: a model, an application, and the server that listens."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pneumoscope.inference import load
from pneumoscope.server.app import make_app
from pneumoscope.server.heap import return_large_blocks
from pneumoscope.server.listener import Listener, address_of, open_port
from pneumoscope.server.service import Service
from pneumoscope.server.settings import Settings


def run(settings: Settings, started: Callable[[str], None]) -> None:
    """Runs the service until it is stopped.

    Args:
        settings: settings of the service.
        started: function that is called with the address when the service answers.

    Raises:
        PneumoscopeError: as `pneumoscope.load`, or if it cannot listen.
    """
    return_large_blocks()
    # It would quote what it cannot parse.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    with open_port(settings) as listening:
        predictor = load(
            settings.model,
            threads=settings.threads,
            operating_point=settings.operating_point,
            policy=settings.policy,
        )
        service, address = Service(predictor, settings), address_of(listening)
        listener = Listener(make_app(service), settings, lambda: started(address), service.stop)
        listener.run([listening])
