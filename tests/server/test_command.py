"""The command `pneumoscope serve`, as its user starts and stops it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.conftest import encoded, picture, write_bundle
from tests.server.running import SECONDS, TOKEN

COMMAND = [sys.executable, "-m", "pneumoscope", "serve", "--port", "0"]
HEAVY = ("keras", "matplotlib", "pandas", "scipy", "sklearn", "tensorflow")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True)


@contextmanager
def started(said: Path, *arguments: object) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Runs the command until it has printed its address."""
    command = [*COMMAND, *map(str, arguments)]
    with said.open("wb") as file, subprocess.Popen(command, stderr=file) as process:
        try:
            end = time.monotonic() + SECONDS
            while not (found := re.search(r"http://\S+:\d+", said.read_text())):
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < end
                time.sleep(0.02)
            yield process, found.group()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_asked_to(number: signal.Signals, bundle: Path, tmp_path: Path) -> None:
    with started(tmp_path / "said", bundle) as (process, url), requests.Session() as session:
        assert session.get(f"{url}/v2/health/ready", timeout=20).json() == {"ready": True}
        process.send_signal(number)  # while a client keeps its connection
        assert process.wait(SECONDS) == 0
    said = (tmp_path / "said").read_text()
    assert "never a diagnosis" in said
    assert len(said.splitlines()) == 2


def test_all_that_was_taken_is_answered_before_it_stops(bundle: Path, tmp_path: Path) -> None:
    image = encoded(picture((1500, 1500)))
    with started(tmp_path / "said", bundle) as (process, url), ThreadPoolExecutor(16) as clients:

        def ask(_: int) -> int | None:
            try:
                answer = requests.post(f"{url}/v1/predictions", data=image, timeout=SECONDS)
            except requests.ConnectionError as error:
                if "refused" in str(error):  # it had stopped before
                    return None
                raise
            return answer.status_code

        asked = [clients.submit(ask, number) for number in range(200)]
        while not any(each.done() for each in asked):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        answers = [each.result() for each in asked]
    assert set(answers) == {200, None}


def test_a_second_signal_ends_it_at_once(bundle: Path, tmp_path: Path) -> None:
    with started(tmp_path / "said", bundle) as (process, url):
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(
                b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
            )
            while "serve_waiting 1.0" not in requests.get(f"{url}/metrics", timeout=20).text:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == -signal.SIGTERM


def test_a_port_that_is_taken_is_said_before_the_model_is_loaded(
    bundle: Path, tmp_path: Path
) -> None:
    with started(tmp_path / "said", bundle) as (_, url):
        second = run(tmp_path / "no-bundle", "--port", url.rpartition(":")[2])
    assert second.returncode == 2
    assert second.stderr.startswith("Error: Cannot listen on 127.0.0.1, port ")
    assert "--port" in second.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--host", "0.0.0.0"], 2, "--token-file"),
        (["--host-name", "radiology.example"], 2, "--token-file"),
        (["--waiting", "0"], 2, "--waiting"),
        (["--rate", "0"], 2, "--rate"),
        (["--token-file", "/nothing.txt"], 4, "/nothing.txt"),
        (["/nothing"], 3, "/nothing"),
        (["--operating-point", "sure"], 2, "default"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    bundle: Path, arguments: list[str], code: int, said: str
) -> None:
    found = run(*([] if arguments[0].startswith("/") else [bundle]), *arguments)
    assert found.returncode == code
    (line,) = found.stderr.splitlines()
    assert line.startswith("Error: ")
    assert said in line


def test_with_a_token_others_are_served(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text(TOKEN)
    options = ["--host", "0.0.0.0", "--token-file", tmp_path / "token.txt"]
    with started(tmp_path / "said", bundle, *options) as (_, url):
        port = url.rpartition(":")[2]
        address = f"http://127.0.0.1:{port}/metrics"
        assert requests.get(address, timeout=20).status_code == 401
        headers = {"Authorization": f"Bearer {TOKEN}", "Host": "radiology.example"}
        assert requests.get(address, headers=headers, timeout=20).status_code == 200
    assert TOKEN not in (tmp_path / "said").read_text()


def test_it_starts_without_what_only_others_need(bundle: Path) -> None:
    code = f"""
import sys
from pneumoscope.inference import load
from pneumoscope.imaging import Source
from pneumoscope.server.run import run
from pneumoscope.server.settings import Settings
def started(address):
    print(*[name for name in {HEAVY} if name in sys.modules])
    import os, signal
    os.kill(os.getpid(), signal.SIGTERM)
run(Settings(model={str(bundle)!r}, port=0), started)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (found.returncode, found.stdout, found.stderr) == (0, "\n", "")
