"""The demonstration ends with doors that are there, and opens its page only where it is seen."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from pneumoscope.cli.main import app

ROOT = Path(__file__).parents[1]
DEMO: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "end_demo.py"))

SCREENS: tuple[tuple[dict[str, str], str, bool], ...] = (
    ({}, "linux", False),
    ({"DISPLAY": ""}, "linux", False),
    ({"DISPLAY": ":0"}, "linux", True),
    ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
    ({}, "darwin", True),
    ({}, "win32", True),
    ({"DISPLAY": ":0", "CI": "true"}, "linux", False),
    ({"CI": "true"}, "darwin", False),
)


@pytest.mark.parametrize(("environment", "platform", "expected"), SCREENS)
def test_a_screen_is_one_that_somebody_may_look_at(
    environment: dict[str, str], platform: str, expected: bool
) -> None:
    assert DEMO["has_screen"](environment, platform) is expected


def test_the_page_opens_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho noise\necho "$1" > {tmp_path}/seen\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    assert DEMO["open_page"](tmp_path / "report.html").wait(60) == 0
    assert (tmp_path / "seen").read_text().strip() == (tmp_path / "report.html").as_uri()
    assert capfd.readouterr().out == ""


def test_doors_lead_somewhere() -> None:
    for page in re.findall(r"docs/\S+", DEMO["DOORS"]):
        assert (ROOT / page).is_file(), page
    commands: Any = get_command(app)
    named = re.findall(r"\.venv/bin/pneumoscope (\w+)", DEMO["DOORS"])
    assert named == ["train", "predict"]
    assert set(named) <= set(commands.commands)


def test_what_is_to_be_seen_is_made() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\ndemo:")[2].partition("\n\n")[0]
    for path in re.findall(r"\{demo\}/(\w+(?:\.html)?)", DEMO["DOORS"]):
        assert f"$(DEMO)/{path}" in recipe, path
