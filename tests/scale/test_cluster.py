"""Scoring by Ray: the rows of processes of our own, whatever dies on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import pneumoscope
from pneumoscope.errors import DependencyError, PeerError, SettingsError
from pneumoscope.scale import cluster
from pneumoscope.scale.work import Outcome
from tests.scale.conftest import rows_of

SmallShards = Callable[[int], None]
with_ray = pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed")


class Lost(Exception):
    """What Ray raises of a task that it does not start again."""


class Ray:
    """Runs each task in this process, when it is waited for.

    Args:
        fails: what `init` raises, if anything.
    """

    def __init__(self, fails: Exception | None = None) -> None:
        self.exceptions = SimpleNamespace(RayError=Lost)
        self.given: dict[str, Any] = {}
        self.environment: dict[str, str] = {}
        self.ended = False
        self._fails = fails

    def init(self, **given: Any) -> None:
        self.given = given
        self.environment = {n: v for n, v in os.environ.items() if n.startswith("RAY_")}
        if self._fails:
            raise self._fails

    def remote(self, **_: Any) -> Callable[..., Any]:
        return lambda function: SimpleNamespace(
            remote=lambda *arguments: lambda: function(*arguments)
        )

    def wait(self, tasks: list[Any]) -> tuple[list[Any], list[Any]]:
        return tasks[-1:], tasks[:-1]  # any order will do

    def get(self, task: Any) -> Any:
        return task()

    def shutdown(self) -> None:
        self.ended = True


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    """Puts `Ray` in the place of the real one."""
    made = Ray()
    monkeypatch.setitem(sys.modules, "ray", made)
    cluster._scorer.cache_clear()
    return made


def test_rows_are_those_of_processes_of_our_own(
    bundle: Path, archive: Path, tmp_path: Path, ray: Ray, small_shards: SmallShards
) -> None:
    small_shards(20)
    told: list[tuple[int, int]] = []
    found = pneumoscope.score(
        bundle, archive, tmp_path / "ray", ray="local", progress=lambda *done: told.append(done)
    )
    pneumoscope.score(bundle, archive, tmp_path / "own", workers=1)
    assert rows_of(tmp_path / "ray") == rows_of(tmp_path / "own")
    assert told[-1] == (found.scored, found.images)
    assert ray.given["include_dashboard"] is False
    assert ray.environment["RAY_USAGE_STATS_ENABLED"] == "0"
    assert ray.environment["RAY_AUTH_TOKEN"]
    assert ray.ended
    assert not [name for name in os.environ if name.startswith("RAY_")]
    pneumoscope.score(bundle, archive, tmp_path / "ray", ray="10.0.0.1:6379")
    assert ray.given["address"] == "10.0.0.1:6379"


def test_a_shard_that_another_process_is_at_comes_again(
    bundle: Path,
    archive: Path,
    tmp_path: Path,
    ray: Ray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "_SECONDS_IF_BUSY", 0)
    scorer = cluster.Scorer
    busy = [True, True, False]

    def score(self: Any, *given: Any) -> Outcome:
        return Outcome.BUSY if busy and busy.pop(0) else scorer.score(self, *given)

    monkeypatch.setattr(cluster, "Scorer", type("Scorer", (scorer,), {"score": score}))
    found = pneumoscope.score(bundle, archive, tmp_path / "ray", ray="auto")
    assert found.scored == found.images
    assert not busy


def test_errors_of_a_machine_reach_the_user(
    bundle: Path, archive: Path, tmp_path: Path, ray: Ray, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the key of the driver, for the plan; and then that of a machine
    keys = iter(["driver"])
    monkeypatch.setattr("pneumoscope.scale.planning.key_fingerprint", lambda: next(keys))
    with pytest.raises(SettingsError, match="another secret key") as caught:
        pneumoscope.score(bundle, archive, tmp_path / "ray", ray="auto")
    assert caught.value.code == "key-differs"
    assert ray.ended


def test_processes_that_die_again_and_again(
    bundle: Path, archive: Path, tmp_path: Path, ray: Ray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(task: Any) -> None:
        raise Lost

    monkeypatch.setattr(ray, "get", die)
    with pytest.raises(SettingsError, match=r"shard \d: its processes end") as caught:
        pneumoscope.score(bundle, archive, tmp_path / "ray", ray="auto")
    assert caught.value.code == "workers-end"


@pytest.mark.parametrize("error", [ConnectionError("no cluster"), RuntimeError("Version mismatch")])
def test_a_cluster_that_is_not_there(
    bundle: Path, archive: Path, tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", Ray(error))
    with pytest.raises(PeerError, match=f"{error}") as caught:
        pneumoscope.score(bundle, archive, tmp_path / "ray", ray="10.0.0.1:6379")
    assert caught.value.code == "cluster-unreachable"


def test_without_ray(
    bundle: Path, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DependencyError, match=r"pneumoscope\[ray\]"):
        pneumoscope.score(bundle, archive, tmp_path / "ray", ray="local")


def started(*words: object) -> None:
    """Runs Python in a process of its own, in which Ray listens on this machine alone."""
    environment = {**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    environment["RAY_USAGE_STATS_ENABLED"] = "0"
    subprocess.run([sys.executable, *map(str, words)], env=environment, check=True)


@pytest.mark.slow
@with_ray
def test_a_ray_of_its_own(bundle: Path, archive: Path, tmp_path: Path) -> None:
    command = ("-m", "pneumoscope", "score", bundle, archive, "--workers", 2)
    started(*command, "--output", tmp_path / "ray", "--ray", "local")
    started(*command, "--output", tmp_path / "own")
    assert rows_of(tmp_path / "ray") == rows_of(tmp_path / "own")


@pytest.mark.slow
@with_ray
def test_a_node_that_is_killed(bundle: Path, archive: Path, tmp_path: Path) -> None:
    started("-m", "tests.scale.two_nodes", bundle, archive, tmp_path / "ray")
    paths = [row["path"] for row in rows_of(tmp_path / "ray")]
    assert len(paths) == len(set(paths)) == len([*archive.rglob("*.png")])
