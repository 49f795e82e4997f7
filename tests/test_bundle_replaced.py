"""A bundle replaces another in one step: readers get one of them, and a kill loses neither."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from pneumoscope.bundle import read_bundle, write
from pneumoscope.inference import Predictor
from tests.conftest import SIDE, write_bundle

UNITS = {"soft": 16.0, "hard": 4.0}  # the name of a bundle, and what tells its network
BRIGHT = np.full((1, SIDE, SIDE), 140, np.uint8)


def expected(name: str) -> float:
    return float(1 / (1 + np.exp(-2 * 12 / UNITS[name])))


@pytest.mark.parametrize("exchanges", [True, False])
def test_reading_during_replacements_never_mixes_two(
    exchanges: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exchanges:
        monkeypatch.setattr(write, "_exchange", lambda *_: False)
    root = write_bundle(tmp_path / "b", name="soft", unit=UNITS["soft"])
    done = Event()

    def replace_it() -> None:
        for name in cycle(("hard", "soft")):
            if done.is_set():
                return
            write_bundle(root, name=name, unit=UNITS[name])

    writer = Thread(target=replace_it)
    writer.start()
    try:
        met = set()
        for _ in range(150):
            bundle = read_bundle(root)
            (found,) = Predictor(bundle, threads=1).probabilities(BRIGHT)
            assert found[1] == pytest.approx(expected(bundle.info.name), abs=1e-5)
            met.add(bundle.info.name)
    finally:
        done.set()
        writer.join()
    assert met == {"soft", "hard"}


class Killed(BaseException):
    pass


@pytest.mark.skipif(sys.platform == "win32", reason="folders that are open cannot be renamed")
@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("step", range(4))
def test_a_kill_at_any_step_leaves_the_former_or_the_new_one(
    step: int, exchanges: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_bundle(tmp_path / "run" / "bundle", name="former")
    calls = 0

    def dies(real: object) -> object:
        def call(*arguments: object, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls > step:
                raise Killed
            return real(*arguments, **options)  # type: ignore[operator]

        return call

    with monkeypatch.context() as dying:
        exchange = write._exchange if exchanges else lambda *_: False
        dying.setattr(write, "_exchange", dies(exchange))
        dying.setattr(write.Path, "rename", dies(Path.rename))
        dying.setattr(write.shutil, "rmtree", dies(write.shutil.rmtree))
        with suppress(Killed):
            write_bundle(root, name="new")
    assert read_bundle(tmp_path / "run").info.name in {"former", "new"}
    assert read_bundle(root).info.name in {"former", "new"}
    write_bundle(root, name="last")
    assert read_bundle(root).info.name == "last"
    assert not any(name.endswith(".former") for name in os.listdir(root.parent))
