"""Ends the demonstration: opens its page where there is a screen, and says where to go next."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

DOORS = """
What there is to see:
  {demo}/report.html                         all evidence on one page
  {demo}/evaluation/sample_predictions.png   correct predictions, mistakes, and heatmaps
  {demo}/heatmaps/                           new images and their heatmaps

Where to go from here:
  To train on your images:                .venv/bin/pneumoscope train FOLDER
  To predict with the model that ships:   .venv/bin/pneumoscope predict IMAGE
  To read what was measured:              docs/models.md
  To call it from Python:                 docs/how-to/python.md"""


def has_screen(environment: Mapping[str, str], platform: str) -> bool:
    """Returns whether a browser can open a window, and somebody may look at it."""
    if environment.get("CI"):
        return False
    desktop = platform in ("darwin", "win32")
    return desktop or any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def open_page(page: Path) -> subprocess.Popen[bytes]:
    """Opens a page in the browser, and does not wait for it."""
    silent = subprocess.DEVNULL  # a browser for terminals finds none to write on
    return subprocess.Popen(
        [sys.executable, "-m", "webbrowser", page.resolve().as_uri()],
        stdin=silent,
        stdout=silent,
        stderr=silent,
        start_new_session=True,
    )


def main(demo: Path) -> None:
    """Ends the demonstration in this folder."""
    if has_screen(os.environ, sys.platform):
        open_page(demo / "report.html")
    print(DOORS.format(demo=demo))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
