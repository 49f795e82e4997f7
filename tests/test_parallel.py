"""The number of threads is that of the cores that the process may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pneumoscope.parallel import usable_cores

QUOTAS = {
    "one core": ({"cpu.max": "100000 100000"}, 1),
    "one and a half": ({"cpu.max": "150000 100000"}, 2),
    "a tenth": ({"cpu.max": "10000 100000"}, 1),
    "no quota": ({"cpu.max": "max 100000"}, 8),
    "more than there are": ({"cpu.max": "6400000 100000"}, 8),
    "version 1": ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2),
    "version 1, no quota": ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
    "garbage": ({"cpu.max": "?"}, 8),
    "nothing": ({}, 8),
}


@pytest.mark.parametrize("name", QUOTAS)
def test_quota_of_a_container(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    files, cores = QUOTAS[name]
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text + "\n")
    assert usable_cores(tmp_path) == cores


def test_affinity_goes_before_the_cores_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert usable_cores(tmp_path) == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_cores(tmp_path) == 64
