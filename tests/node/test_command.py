"""`pneumoscope node` as its users meet it: started, asked, stopped, and wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pneumoscope.errors import ImageError
from pneumoscope.node.events import Dead
from tests.conftest import write_bundle
from tests.node.conftest import Archive, QuickMaker, make_radiograph, running_node, wait_until
from tests.test_imports import run_without

COMMAND = [sys.executable, "-m", "pneumoscope", "node"]


@pytest.fixture
def options(archive: Archive, tmp_path: Path) -> list[str]:
    model = write_bundle(tmp_path / "bundle")
    to = ["--to", archive.name, "--port", "0", "--spool", str(tmp_path / "spool")]
    return [*to, "--model", str(model)]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True)


@contextmanager
def started(said: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with said.open("wb") as file, subprocess.Popen([*COMMAND, *arguments], stderr=file) as node:
        try:
            wait_until(lambda: b"listens on 127.0.0.1:" in said.read_bytes())
            yield node
        finally:
            node.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_asked_to(
    number: signal.Signals, options: list[str], tmp_path: Path
) -> None:
    with started(tmp_path / "said", *options) as node:
        if number is signal.SIGTERM:
            second = run(*options)
            assert second.returncode == 2
            assert "is being written by process" in second.stderr
            status = json.loads(run("status", "--spool", str(tmp_path / "spool"), "--json").stdout)
            assert status == {"running": True, "unmade": None, "waiting": {}, "dead": []}
        node.send_signal(number)
        assert node.wait() == 0
    assert b"Traceback" not in (tmp_path / "said").read_bytes()


def test_its_maker_ends_with_it(options: list[str], tmp_path: Path) -> None:
    with started(tmp_path / "said", *options) as node:
        tasks = Path(f"/proc/{node.pid}/task")
        (maker,) = {pid for task in tasks.iterdir() for pid in children_of(task)}
        node.kill()
        node.wait()
        wait_until(lambda: not is_alive(maker))


def children_of(task: Path) -> list[str]:
    return (task / "children").read_text().split()


def is_alive(pid: str) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_dead_letters_are_shown_and_put_back(archive: Archive, tmp_path: Path) -> None:
    maker, ds = QuickMaker(), make_radiograph()
    maker.errors[ds.SOPInstanceUID] = [ImageError("broken", code="image-broken")]
    with running_node(tmp_path, archive.name, maker=maker) as running:
        running.send(ds)
        (dead,) = running.wait_for(Dead)
    spool = ["--spool", str(running.settings.spool)]
    assert run("status", *spool).stdout.splitlines() == [
        "No node is at work",
        f"dead letter {dead.key}: image-broken",
    ]
    done = run("retry", dead.key, *spool, "--json")
    assert json.loads(done.stdout) == [dead.key]
    since = time.strftime("%Y-%m-%d")
    assert f"1 waiting for their results, the first since {since}" in run("status", *spool).stdout


def test_a_check_says_what_is_wrong(options: list[str]) -> None:
    done = run(*options, "--check", "--to", "AWAY@127.0.0.1:1")
    assert done.returncode == 8
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        *("ok", "ok", "ok", "ok", "FAILED")
    ]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "nowhere to send results to"),
        (["--to", "ORTHANC"], 2, "address of ORTHANC is not known"),
        (["--to", "A@b:1", "--ae", "MUCH TOO LONG A TITLE"], 2, "is no AE title"),
        (["--to", "A@b:1", "--kind", "maps"], 2, "Did you mean map?"),
        (["--settings", "nothing.toml"], 2, "There is no settings file at nothing.toml"),
    ],
)
def test_settings_that_make_no_sense(arguments: list[str], code: int, said: str) -> None:
    done = run(*arguments)
    assert done.returncode == code
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert said in line


def test_a_missing_extra_is_named() -> None:
    done = run_without(["pynetdicom"], "node", "--to", "A@127.0.0.1:1")
    assert done.returncode == 5
    assert 'pip install "pneumoscope[node]"' in done.stderr
