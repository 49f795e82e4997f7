"""A service of the tests, on a port of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import uvicorn

from pneumoscope import load
from pneumoscope.server.app import make_app
from pneumoscope.server.settings import Settings


@contextmanager
def running(bundle: Path) -> Iterator[str]:
    """Runs a service around a model; yields its host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = make_app(load(bundle, threads=2), Settings(model=str(bundle)))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
