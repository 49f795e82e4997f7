"""Processes of this machine that score shards; one that dies is replaced, and its shard done again.

They are programs of their own, so that no state of this process is shared with them, and run one
thread each: decoding, the network and the gate of one image after another keep one core busy.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from pneumoscope.errors import SettingsError
from pneumoscope.scale.work import READY, Job, Outcome

PROGRAM = (sys.executable, "-P", "-m", "pneumoscope.scale.worker")

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_MOST_DEATHS = 5  # one after another, without a batch between them
_SECONDS_TO_LEAVE = 10

Progress = Callable[[int, int], None]
"""Function that is told the number of a shard, and how many of its images are scored by now."""


@dataclass(eq=False)
class _Worker:
    """A process, and the shard that it is at."""

    process: subprocess.Popen[bytes]
    connection: Connection
    ready: bool = False
    shard: int | None = None
    images: int = 0


@dataclass
class Pool:
    """Processes that score the shards of a job.

    Args:
        job: what to score.
        workers: number of processes.
        progress: function that is told of each batch.
    """

    job: Job
    workers: int
    progress: Progress
    _running: list[_Worker] = field(default_factory=list, init=False)
    _deaths: int = field(default=0, init=False)

    def score(self, shards: Iterable[int]) -> None:
        """Scores shards; all processes have ended when it returns or raises.

        Raises:
            PneumoscopeError: what a process raised, or that they died again and again.
        """
        waiting = deque(shards)
        try:
            for _ in range(min(self.workers, len(waiting))):
                self._start()
            while waiting or any(worker.shard is not None for worker in self._running):
                for worker in self._running:
                    if worker.ready and worker.shard is None and waiting:
                        self._give(worker, waiting.popleft())
                for worker in self._ready():
                    self._listen(worker, waiting)
        finally:
            self._stop()

    def _ready(self) -> list[_Worker]:
        found = wait([worker.connection for worker in self._running])
        return [worker for worker in self._running if worker.connection in found]

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [*PROGRAM, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **_ONE_THREAD},
            )
        worker = _Worker(process, Connection(ours.detach()))
        self._running.append(worker)
        with suppress(BrokenPipeError):  # it has died already, which listening finds
            worker.connection.send(self.job)

    def _give(self, worker: _Worker, shard: int) -> None:
        worker.shard, worker.images = shard, 0
        with suppress(BrokenPipeError):
            worker.connection.send(shard)

    def _listen(self, worker: _Worker, waiting: deque[int]) -> None:
        try:
            message = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            self._bury(worker, waiting)
            return
        if isinstance(message, Exception):
            raise message
        if message == READY:
            worker.ready = True
            return
        assert worker.shard is not None  # which everything else is about
        if message is Outcome.BUSY:
            waiting.append(worker.shard)
        elif message is not Outcome.DONE:
            worker.images += message
            self._deaths = 0
            self.progress(worker.shard, worker.images)
            return
        worker.shard = None

    def _bury(self, worker: _Worker, waiting: deque[int]) -> None:
        """Puts another process in the place of one that has died."""
        self._running.remove(worker)
        worker.connection.close()
        code = worker.process.wait()
        self._deaths += 1
        if self._deaths > _MOST_DEATHS:
            raise _dying(code)
        if worker.shard is not None:
            self.progress(worker.shard, 0)
            waiting.appendleft(worker.shard)
        self._start()

    def _stop(self) -> None:
        """Lets the processes end, after the batch that they are at."""
        for worker in self._running:
            worker.connection.close()
        for worker in self._running:
            try:
                worker.process.wait(_SECONDS_TO_LEAVE)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()


def _dying(code: int) -> SettingsError:
    return SettingsError(
        "The processes that score end again and again",
        received=f"signal {-code}" if code < 0 else f"exit code {code}",
        remedy="Take fewer `workers`: perhaps there is not enough memory",
        code="workers-end",
        values={"exit": code},
    )
