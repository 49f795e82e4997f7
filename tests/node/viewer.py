"""A viewer that nobody here wrote: OHIF behind nginx, in Chromium, beside the archive of the tests.

Nginx and OHIF are configured as the how-to says: the blocks are taken out of its page.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request

import numpy as np
import pytest
from PIL import Image

from tests.node.orthanc import Orthanc, until
from tests.test_docs import ROOT, blocks

HOW_TO = ROOT / "docs" / "how-to" / "node.md"
(NGINX,) = blocks(HOW_TO, "nginx")
(CONFIG,) = blocks(HOW_TO, "js")
OHIF = "@ohif/app@3.13.2"
SITE = "http://127.0.0.1:8080"
DRIVER = "http://127.0.0.1:9515"

_WIDTH, _HEIGHT = 1400, 900
_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",  # it runs as root, where nothing leads out
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    f"--window-size={_WIDTH},{_HEIGHT}",
]
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C WebDriver, 12.1


def find_ohif(folder: Path) -> Path:
    """Finds OHIF in a folder, or has npm fetch it; skips the test where npm cannot."""
    pages = folder / "package" / "dist"
    if not pages.is_dir():
        if shutil.which("npm") is None:
            pytest.skip("npm is not installed")
        command = ["npm", "pack", "--silent", OHIF]
        packed = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if packed.returncode:
            pytest.skip(f"npm cannot fetch {OHIF}")
        with tarfile.open(folder / packed.stdout.strip()) as archive:
            archive.extractall(folder, filter="data")
    return pages


@dataclass(frozen=True)
class Browser:
    """A Chromium that is told what to do, by the protocol WebDriver of the W3C."""

    orthanc: Orthanc
    session: str

    def tell(self, path: str, **content: Any) -> Any:
        """Sends a command, and returns its value."""
        return _send(self.orthanc, f"/session/{self.session}{path}", content)

    def open(self, path: str) -> None:
        """Opens a page of the site."""
        self.tell("/url", url=f"{SITE}{path}")

    def run(self, script: str) -> Any:
        """Runs JavaScript in the page, and returns what it returns."""
        return self.tell("/execute/sync", script=script, args=[])

    def act(self, *actions: dict[str, Any]) -> None:
        """Moves the mouse and its buttons."""
        self.tell("/actions", actions=[{"type": "pointer", "id": "mouse", "actions": [*actions]}])

    def double_click(self, text: str) -> None:
        """Double-clicks the element of this text, as soon as there is one."""
        query = {"using": "xpath", "value": f"//*[normalize-space(text())='{text}']"}
        element = until(lambda: self.tell("/elements", **query))[0]
        press = [{"type": f"pointer{way}", "button": 0} for way in ("Down", "Up", "Down", "Up")]
        place = {"x": 0, "y": 0, "origin": {_ELEMENT: element[_ELEMENT]}}
        self.act({"type": "pointerMove", **place}, *press, {"type": "pause", "duration": 3000})

    def pan(self) -> None:
        """Moves the picture there and back, with the middle button."""
        x, y = _WIDTH // 2, _HEIGHT // 2
        self.act(
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 1},
            {"type": "pointerMove", "x": x + 5, "y": y},
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerUp", "button": 1},
        )

    def look(self) -> Image.Image:
        """Takes a screenshot."""
        request = Request(f"{DRIVER}/session/{self.session}/screenshot")
        answer = json.loads(self.orthanc.send(request))
        return Image.open(io.BytesIO(base64.b64decode(answer["value"]))).convert("RGB")


@contextmanager
def opened_browser(orthanc: Orthanc, pages: Path, folder: Path) -> Iterator[Browser]:
    """Serves OHIF, and opens a browser; skips the test where a program is missing.

    Args:
        orthanc: the archive that OHIF shows; all is started beside it.
        pages: folder of OHIF, as `find_ohif` returns it.
        folder: an empty folder to work in.
    """
    for program in ("nginx", "chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    (folder / "app-config.js").write_text(CONFIG)
    (folder / "nginx.conf").write_text(_configure_nginx(pages, folder))
    log = (folder / "log").open("wb")
    options = {"stdout": log, "stderr": log, "env": {"PATH": "/usr/bin", "HOME": str(folder)}}
    nginx = orthanc.start(shutil.which("nginx"), "-c", folder / "nginx.conf", **options)
    driver = orthanc.start("chromedriver", f"--port={DRIVER[-4:]}", **options)
    try:
        until(lambda: orthanc.answers(f"{SITE}/app-config.js"))
        until(lambda: orthanc.answers(f"{DRIVER}/status"))
        chrome = {"binary": shutil.which("chromium"), "args": _ARGUMENTS}
        wanted = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": chrome}}
        session = _send(orthanc, "/session", {"capabilities": wanted})["sessionId"]
        browser = Browser(orthanc, session)
        browser.open("/app-config.js")
        browser.run("localStorage.setItem('shownTours', '[\"basicViewerTour\"]')")
        yield browser
        orthanc.send(Request(f"{DRIVER}/session/{session}", method="DELETE"))
    finally:
        for process in (driver, nginx):
            process.terminate()
            process.wait()
        log.close()


def centre(chosen: np.ndarray) -> tuple[float, float]:
    """Median row and column of the chosen pixels, which a few that stray do not move."""
    rows, columns = np.nonzero(chosen)
    return float(np.median(rows)), float(np.median(columns))


def _configure_nginx(pages: Path, folder: Path) -> str:
    server = NGINX.replace("/var/www/ohif", str(pages))
    server = server.replace("/etc/nginx/app-config.js", str(folder / "app-config.js"))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    return f"""
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/log;
events {{}}
http {{
include /etc/nginx/mime.types;
access_log off;
{places}
{server}
}}
"""


def _send(orthanc: Orthanc, path: str, content: Any) -> Any:
    request = Request(f"{DRIVER}{path}", json.dumps(content).encode())
    return json.loads(orthanc.send(request))["value"]
