"""The page is opened where a person sits at the machine, and nowhere else."""

from __future__ import annotations

import sys
import threading
import webbrowser
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from pneumoscope.cli.main import app
from pneumoscope.server import run as service
from pneumoscope.server.settings import Settings
from tests.server.running import TOKEN

ADDRESS = "http://127.0.0.1:8600"


@pytest.mark.parametrize(
    ("options", "display", "terminal", "opened"),
    [
        ([], True, True, True),
        ([], True, False, False),
        ([], False, True, False),
        (["--no-browser"], True, True, False),
        (["--host", "0.0.0.0"], True, True, False),
    ],
)
def test_the_page_is_opened_for_who_sits_here(
    options: list[str],
    display: bool,
    terminal: bool,
    opened: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    seen = threading.Event()

    def run(_: Settings, started: Callable[[str], None]) -> None:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
        started(ADDRESS)

    monkeypatch.setattr(service, "run", run)

    def show(address: str) -> None:
        shown.append(address)
        seen.set()

    monkeypatch.setattr(webbrowser, "open", show)
    monkeypatch.setenv("PNEUMOSCOPE_TOKEN", TOKEN)
    monkeypatch.setenv("DISPLAY", ":0" if display else "")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    done = CliRunner().invoke(app, ["serve", *options])
    assert done.exit_code == 0, done.output
    assert seen.wait(20 if opened else 0) == opened
    assert shown == ([ADDRESS] if opened else [])
    assert f"Serving at {ADDRESS}" in done.output
