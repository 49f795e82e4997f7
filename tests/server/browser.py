"""Debian's Chromium, driven by Playwright: pages that may say nothing and fetch nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
)
SECONDS = 30


@contextmanager
def chromium() -> Iterator[Browser]:
    """Runs Chromium; skips the test where it is not installed."""
    if not CHROMIUM.is_file():
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_OPTIONS))
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page of the service in a browser, and what it did that it should not.

    Attributes:
        page: the page, ready for files.
        said: messages of its console, and its errors.
        strays: requests to anybody but the service.
    """

    page: Page
    said: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    def choose(self, *files: Path | dict[str, Any]) -> None:
        """Chooses files, and waits for their results."""
        self.page.set_input_files("#files", list(files))
        self.settle()

    def drop(self, *paths: Path) -> None:
        """Drops files and folders, as from the desktop."""
        session = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            event = {"type": kind, "x": 300, "y": 300, "data": data}
            session.send("Input.dispatchDragEvent", event)

    def settle(self) -> None:
        """Waits until nothing is in work."""
        self.page.wait_for_selector("#progress", state="hidden")

    def enlarge(self, row: int = 0) -> None:
        """Opens an image large, and waits for its pixels."""
        self.page.locator("#rows tr").nth(row).locator(".look").click()
        self.ready()

    def ready(self) -> None:
        """Waits for the pixels of the large view."""
        self.page.wait_for_selector("#stage-note:empty", state="attached")
        self.drawn()

    def drawn(self) -> None:
        """Waits until the browser has drawn what was due."""
        wait = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.page.evaluate(wait)

    def texts(self, selector: str) -> list[str]:
        """The texts of some elements, as they are seen."""
        return [" ".join(text.split()) for text in self.page.locator(selector).all_inner_texts()]

    def require_silence(self) -> None:
        """Checks that it has said nothing, and asked nobody else."""
        assert (self.said, self.strays) == ([], [])


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Iterator[Opened]:
    """Opens the page of a service in a browser without a past."""
    context = browser.new_context(**options)
    context.set_default_timeout(1000 * SECONDS)
    found = Opened(context.new_page())

    def note_request(address: str) -> None:
        if not address.startswith((url, "blob:", "data:")):
            found.strays.append(address)

    context.on("request", lambda request: note_request(request.url))
    found.page.on("console", lambda message: found.said.append(message.text))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.goto(url)
    found.page.wait_for_selector("#open-card:not([hidden])")
    yield found
    context.close()
