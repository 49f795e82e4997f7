"""The service as a whole: a model, an application, and the server that listens."""

from __future__ import annotations

import uvicorn

from pneumoscope.inference import load
from pneumoscope.server.app import make_app
from pneumoscope.server.settings import Settings


def run(settings: Settings) -> None:
    """Runs the service until it is stopped.

    Args:
        settings: settings of the service.

    Raises:
        PneumoscopeError: as `pneumoscope.load`.
    """
    predictor = load(
        settings.model,
        threads=settings.threads,
        operating_point=settings.operating_point,
        policy=settings.policy,
    )
    app = make_app(predictor, settings)
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning")
