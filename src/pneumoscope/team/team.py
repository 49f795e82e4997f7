"""The team of a training: what its processes compare and share, and the end if one is lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from pneumoscope.errors import PeerError, SettingsError
from pneumoscope.team.line import SECONDS_OF_SILENCE, Line, LineEndedError

Lost = Callable[[PeerError], None]
"""What is called, from another thread, when a process of the team is lost."""


class Team:
    """The processes that train together, seen from one of them; alone it is a team of one.

    Rank 0 has a line to each of the others, and they have one to rank 0.

    Args:
        rank: number of this process.
        lost: function that is called once if another process is lost. The training cannot go on:
            this process may hang in a sum over all of them that no exception ends.
    """

    def __init__(self, rank: int = 0, lost: Lost | None = None) -> None:
        self.rank = rank
        self._lines: dict[int, Line] = {}
        self._lost = lost
        self._telling = threading.Lock()
        self._gone = threading.Event()

    def add(self, rank: int, line: Callable[[Callable[[str], None]], Line]) -> None:
        """Adds the line to a process.

        Args:
            rank: number of the process.
            line: makes the line, from the function to call when it ends.
        """
        self._lines[rank] = line(lambda reason: self._lose(rank, reason))

    def compare(self, facts: Mapping[str, Any]) -> None:
        """Compares facts that must be the same in all processes.

        Args:
            facts: values for JSON by their names.

        Raises:
            SettingsError: in rank 0, if they differ; the others are told that it has stopped.
        """
        mine = json.loads(json.dumps(facts))
        if self.rank:
            self._lines[0].send({"facts": mine})
            return
        for rank in sorted(self._lines):
            theirs = self._receive(rank, "facts")
            names = [name for name in mine if mine[name] != theirs.get(name)]
            if names:
                listed = ", ".join(
                    f"{name} is {mine[name]} in rank 0 and {theirs.get(name)} in rank {rank}"
                    for name in names
                )
                raise SettingsError(
                    f"The processes do not train the same: {listed}",
                    remedy="Start all of them with the same version, data and settings",
                    code="ranks-differ",
                    values={"rank": rank, "setting": ", ".join(names)},
                )

    def share(self, value: Any) -> Any:
        """Gives all processes the value of rank 0, which they wait for.

        Args:
            value: a value for JSON; that of rank 0 counts.
        """
        if self.rank:
            return self._receive(0, "shared")
        for line in self._lines.values():
            line.send({"shared": value})
        return value

    def wait_for_loss(self, seconds: float = SECONDS_OF_SILENCE) -> None:
        """Waits until a process is known to be lost, after an error that this may have caused."""
        if self._lines:
            self._gone.wait(seconds)

    def close(self, reason: str = "") -> None:
        """Says goodbye to all: none is missed from now on.

        Args:
            reason: reason why the work was not done; empty if it was.
        """
        for line in self._lines.values():
            line.close(reason)
        self._lines = {}

    def _receive(self, rank: int, kind: str) -> Any:
        try:
            return self._lines[rank].receive()[kind]
        except (LineEndedError, KeyError) as error:
            self.wait_for_loss()
            raise _lost(rank, "it has ended") from error

    def _lose(self, rank: int, reason: str) -> None:
        with self._telling:
            if self._gone.is_set():
                return
            error = _lost(rank, reason)
            for line in self._lines.values():
                line.close(str(error))
            if self._lost:
                self._lost(error)
            self._gone.set()


def _lost(rank: int, reason: str) -> PeerError:
    return PeerError(
        f"Rank {rank} is lost, so that the training cannot go on: {reason}",
        remedy="Go on with the run in all processes",
        code="rank-lost",
        values={"rank": rank},
    )
