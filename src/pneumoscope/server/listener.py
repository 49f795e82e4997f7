"""The server that listens, and stops when it is asked to."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from pneumoscope.errors import SettingsError
from pneumoscope.server.connection import Connection
from pneumoscope.server.settings import Settings

_STOPPING = 30  # seconds in which requests in work are answered when the service stops
_BACKLOG = 1024  # connections that wait to be taken


def open_port(settings: Settings) -> socket.socket:
    """Listens on the port of the service.

    Raises:
        SettingsError: if that is not possible.
    """
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {host}, port {port}: {error.strerror}",
            remedy="Choose another `port`",
            code="port-taken",
            values={"setting": "port", "received": port},
        ) from error


def address_of(listening: socket.socket) -> str:
    """Returns the address at which a browser finds the service."""
    host, port, *_ = listening.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _take_waiting(listening: socket.socket) -> Iterator[socket.socket]:
    """Takes all connections that wait on a port, which does not block."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # none is left
            return
        connection.setblocking(False)
        yield connection


def _connections(settings: Settings) -> type[Connection]:
    """Makes the class of the connections of a service, which uvicorn makes by itself."""

    class OfService(Connection):
        patience = settings.patience

    return OfService


class Listener(uvicorn.Server):
    """A server that answers what it has taken before it stops.

    SIGTERM or Ctrl-C stops it, and a second one ends the process at once.

    Args:
        app: the application.
        settings: settings of the service.
        started: function that is called when it answers.
        stopping: function that is called when it is asked to stop.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        started: Callable[[], None],
        stopping: Callable[[], None],
    ) -> None:
        self._connection = _connections(settings)
        super().__init__(
            uvicorn.Config(
                app,
                http=self._connection,
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_STOPPING,
            )
        )
        self._started, self._stopping = started, stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, and tells so."""
        await super().startup(sockets)
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes the connections that wait, closes the port, and answers all of them."""
        # Closing the port resets what waits, so nothing may happen between this and that.
        waiting = [connection for each in sockets or () for connection in _take_waiting(each)]
        taking = asyncio.create_task(self._serve_last(waiting))
        await super().shutdown(sockets)
        await taking

    async def _serve_last(self, connections: list[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        for each in connections:
            _, protocol = await loop.connect_accepted_socket(self._make_connection, each)
            protocol.shutdown()

    def _make_connection(self) -> Connection:
        return self._connection(self.config, self.server_state, self.lifespan.state)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles signals in the block; unlike the original, it does not die of them after it."""
        if current_thread() is not main_thread():  # signals are another's
            yield
            return
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops, or ends the process if it is stopping already."""
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self.should_exit = True
        self._stopping()
