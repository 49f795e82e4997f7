"""Scoring by Ray: a task for each shard, wherever it runs, that does what a process of ours does.

The machines share the disk, and each finds there what it needs: model, images, plan and list. What
travels is the number of a shard, and what has come of it. The task of a machine that is lost is
started again on another one.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

from pneumoscope.errors import (
    PeerError,
    PneumoscopeError,
    SettingsError,
    extra_needed,
    storage_errors,
)
from pneumoscope.parallel import usable_cores
from pneumoscope.scale.pool import Progress
from pneumoscope.scale.work import Job, Outcome, Scorer

LOCAL = "local"
"""The address that stands for a Ray of its own on this machine."""

_RETRIES = 20  # of a shard: a file that ends its process does so three times
_SECONDS_IF_BUSY = 0.5
_SILENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # which it would warn of
}
_ALONE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # it then listens on loopback alone, on Linux, too
    "RAY_AUTH_MODE": "token",
}
_STORE_BYTES = 80 * 2**20  # the least that it takes: nothing is kept there


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster that scores the shards of a job.

    Args:
        job: what to score.
        address: address of the cluster, as host:port; "auto" for the one that this machine belongs
            to; "local" to start one here, which ends with the work.
        workers: greatest number of shards that are scored at a time; None for one on each core.
        progress: function that is told of each shard.
    """

    job: Job
    address: str
    workers: int | None
    progress: Progress

    def score(self, shards: Iterable[int]) -> None:
        """Scores shards; no task runs any more when it returns or raises.

        Raises:
            DependencyError: if the extra `ray` is not installed.
            PeerError: if the cluster cannot be reached.
            PneumoscopeError: what a task raised, or that its processes died again and again.
        """
        waiting = deque(shards)
        most, here = self.workers or len(waiting), os.getcwd()
        with extra_needed("ray", "Scoring by Ray"), _connected(self.address, self.workers) as ray:
            task = ray.remote(num_cpus=1, max_retries=_RETRIES)(_score)
            running: dict[Any, int] = {}
            while waiting or running:
                while waiting and len(running) < most:
                    shard = waiting.popleft()
                    running[task.remote(self.job, here, shard)] = shard
                (done,), _ = ray.wait([*running])
                shard = running.pop(done)
                try:
                    found = ray.get(done)
                except ray.exceptions.RayError as error:  # its processes, and not what they do
                    raise _dying(shard, error) from error
                if isinstance(found, PneumoscopeError):
                    raise found
                if found is Outcome.BUSY:
                    waiting.append(shard)
                else:
                    self.progress(shard, found)


def _score(job: Job, here: str, shard: int) -> int | Outcome | PneumoscopeError:
    """Scores a shard in a process of Ray: the number of its images, or what else came of it.

    Args:
        job: what to score.
        here: folder that relative paths of the job start from.
        shard: number of the shard.
    """
    done: list[int] = []
    try:
        outcome = _scorer(job, here).score(shard, done.append)
    except PneumoscopeError as error:
        return error
    if outcome is Outcome.BUSY:
        time.sleep(_SECONDS_IF_BUSY)
        return outcome
    return sum(done)


@cache
def _scorer(job: Job, here: str) -> Scorer:
    """Loads the model once in each process."""
    with storage_errors(
        "enter", Path(here), "Share the folder under this path, or start elsewhere"
    ):
        os.chdir(here)
    return Scorer(job)


@contextmanager
def _connected(address: str, workers: int | None) -> Iterator[Any]:
    """Connects to a cluster, or starts one, of which nothing is left at the end."""
    local = address == LOCAL
    token = {"RAY_AUTH_TOKEN": token_hex(32)}  # other users of the machine do not have it
    with (
        _environment(_SILENT | (_ALONE | token if local else {})),
        tempfile.TemporaryDirectory(prefix="pneumoscope-ray-") as folder,
    ):
        import ray

        own = {
            "num_cpus": workers or usable_cores(),
            "object_store_memory": _STORE_BYTES,
            "include_dashboard": False,
            "_temp_dir": folder,
        }
        where = own if local else {"address": address}
        try:
            ray.init(**where, log_to_driver=False, logging_level="ERROR")
        except Exception as error:  # of any class: it also raises `Exception` itself
            raise _unreachable(address, error) from error
        try:
            yield ray
        finally:
            ray.shutdown()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Sets variables of the environment, also of the processes that are started in the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _dying(shard: int, error: Exception) -> SettingsError:
    return SettingsError(
        f"Ray could not score shard {shard}: its processes end again and again",
        received=type(error).__name__,
        remedy="See the logs of Ray: perhaps memory is short. What is scored stays",
        code="workers-end",
        values={"shard": shard},
    )


def _unreachable(address: str, error: Exception) -> PeerError:
    local = address == LOCAL
    return PeerError(
        "Ray could not be started" if local else f"There is no Ray cluster to use at {address}",
        expected="a start within a minute"
        if local
        else f"host:port of a cluster of the same Ray and Python; or auto, or {LOCAL}",
        received=" ".join(f"{error}"[:300].split()),
        remedy="Try again while the machine is less busy, or leave out `ray`"
        if local
        else "Check the address, and that this machine may reach it",
        code="cluster-unreachable",
        values={"address": address},
    )
