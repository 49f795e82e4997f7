"""What libraries are told before they are imported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pneumoscope.cli.surroundings import settle
from pneumoscope.inference.network import Network
from pneumoscope.parallel import usable_cores
from tests.cli.conftest import Run

PREDICT = """
from pneumoscope.cli.main import main
try:
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
from threadpoolctl import threadpool_info
print(*{each["num_threads"] for each in threadpool_info() if each["internal_api"] == "openblas"})
"""


@pytest.mark.skipif(usable_cores() < 2, reason="one core has one thread anyhow")
@pytest.mark.parametrize("wanted", [None, "2"])
def test_algebra_has_one_thread_or_what_the_user_says(
    wanted: str | None, bundle: Path, images: Path
) -> None:
    environment = {name: text for name, text in os.environ.items() if "_NUM_THREADS" not in name}
    if wanted:
        environment["OPENBLAS_NUM_THREADS"] = wanted
    done = subprocess.run(
        [sys.executable, "-c", PREDICT, "predict", bundle, images],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == (wanted or "1")


def test_predict_uses_as_many_threads_as_it_is_told(
    run: Run, bundle: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []

    def spy(given: object, threads: int) -> Network:
        used.append(threads)
        return Network(given, threads)  # type: ignore[arg-type]

    monkeypatch.setattr("pneumoscope.inference.predictor.Network", spy)
    assert run("predict", bundle, images, "--threads", 3)[0] == 0
    assert used == [3]
    assert run("predict", bundle, images, "--threads", 0)[0] == 2


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Callable[[], None]]:
    """What is left to be done at the end, in a process whose libraries have been told nothing."""
    at_the_end: list[Callable[[], None]] = []
    monkeypatch.setattr(
        "atexit.register", lambda f, *a, **k: at_the_end.append(partial(f, *a, **k))
    )
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("MPLCONFIGDIR", "KERAS_HOME"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    return at_the_end


@pytest.mark.parametrize("home", ["locked", "file", "none"])
def test_files_of_libraries_are_temporary_where_home_cannot_be_written(
    home: str,
    settled: list[Callable[[], None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / home))
    if home == "locked":
        monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    if home == "none":
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.delenv("HOME")
        monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    settle()
    places = [Path(os.environ[name]) for name in ("MPLCONFIGDIR", "KERAS_HOME")]
    assert [place.name for place in places] == ["matplotlib", "keras"]
    (folder,) = {place.parent for place in places}
    assert folder.parent == tmp_path
    places[0].mkdir()
    for end in settled:
        end()
    assert not folder.exists()


def test_files_of_libraries_are_in_the_cache_where_it_can_be_made(
    settled: list[Callable[[], None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new" / "cache"))
    monkeypatch.setenv("KERAS_HOME", "mine")
    settle()
    wanted = tmp_path / "new" / "cache" / "pneumoscope" / "matplotlib"
    assert os.environ["MPLCONFIGDIR"] == str(wanted)
    assert os.environ["KERAS_HOME"] == "mine"
    assert not settled
    assert not (tmp_path / "new").exists()
