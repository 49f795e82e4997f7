"""A line between two processes: messages of JSON, and signs of life."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Message = dict[str, Any]

SECONDS_OF_SILENCE = 30.0
"""Time after which a process that gives no sign of life counts as lost."""

_SECONDS_BETWEEN_SIGNS = 3.0
_LONGEST = 2**20  # bytes in a message


class LineEndedError(Exception):
    """The other process is gone, or has said goodbye."""


class Line:
    """A line to another process, which sends signs of life until it is closed.

    Messages are sent and received by one thread. The last one is `{"stopped": reason}`, with an
    empty reason for work that has been done; without it the process is lost.

    Args:
        connection: a connected socket, which belongs to the line from now on.
        ended: function that is called once with the reason, from another thread, if the line ends
            by anything but work that has been done.
        silence: time in seconds after which a silent process counts as lost.
    """

    def __init__(
        self,
        connection: socket.socket,
        ended: Callable[[str], None],
        silence: float = SECONDS_OF_SILENCE,
    ) -> None:
        connection.settimeout(silence)
        self._connection = connection
        self._ended = ended
        self._sending = threading.Lock()
        self._closed = threading.Event()
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        for work in (self._read, self._give_signs):
            threading.Thread(target=work, daemon=True).start()

    def send(self, message: Message) -> None:
        """Sends a message; one that cannot be sent any more is dropped, and the reader knows."""
        with self._sending, suppress(OSError):
            self._connection.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> Message:
        """Waits for the next message.

        Raises:
            LineEndedError: if there will be none.
        """
        message = self._messages.get()
        if message is None:
            self._messages.put(None)
            raise LineEndedError
        return message

    def close(self, reason: str = "") -> None:
        """Says goodbye, and closes the line.

        Args:
            reason: reason why the work was not done; empty if it was.
        """
        if not self._closed.is_set():
            self._closed.set()
            self.send({"stopped": reason})
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)

    def _read(self) -> None:
        reason = self._read_to_the_end()
        self._messages.put(None)
        self._connection.close()
        if reason and not self._closed.is_set():
            self._ended(reason)
        self._closed.set()

    def _read_to_the_end(self) -> str:
        """Passes messages on; returns why the line ended, or nothing if the work was done."""
        try:
            with self._connection.makefile("rb") as lines:
                while line := lines.readline(_LONGEST):
                    received = json.loads(line)
                    if (reason := received.get("stopped")) is not None:
                        return str(reason)
                    if received:
                        self._messages.put(received)
        except TimeoutError:
            return "it gave no sign of life"
        except (OSError, ValueError, TypeError, AttributeError):
            return "the connection was broken"
        return "it has ended"

    def _give_signs(self) -> None:
        while not self._closed.wait(_SECONDS_BETWEEN_SIGNS):
            self.send({})
