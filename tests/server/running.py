"""A service of the tests: in a thread, on a port of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumoscope.inference import load
from pneumoscope.server.app import make_app
from pneumoscope.server.listener import Listener, open_port
from pneumoscope.server.service import Service
from pneumoscope.server.settings import Settings

SECONDS = 20.0
TOKEN = "a-token-that-nobody-guesses"


@dataclass(frozen=True)
class Running:
    """A service at work."""

    port: int
    service: Service
    listener: Listener

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def predictions(self) -> str:
        return f"{self.url}/v1/predictions"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), SECONDS)

    def count(self, name: str, **labels: str) -> float | None:
        return self.service.metrics.registry.get_sample_value(f"pneumoscope_serve_{name}", labels)


@contextmanager
def running(bundle: Path, **changes: Any) -> Iterator[Running]:
    """Runs a service around a model during the block."""
    settings = Settings(port=0, **changes)
    started = threading.Event()
    with open_port(settings) as listening:
        service = Service(load(bundle, threads=2), settings)
        listener = Listener(make_app(service), settings, started.set, service.stop)
        port = listening.getsockname()[1]
        thread = threading.Thread(target=listener.run, args=([listening],))
        thread.start()
        try:
            assert started.wait(SECONDS)
            yield Running(port, service, listener)
        finally:
            listener.should_exit = True
            thread.join(SECONDS)
            assert not thread.is_alive()
