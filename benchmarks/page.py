"""The page of the service: how soon it is there, and an image has its result; what it keeps.

Debian's Chromium shows it, driven by Playwright. A cold `predict` of one image and a start of
`serve`, until the page takes files, are measured in turns. Then images are chosen one by one, each
until its label and its heatmap are seen, and at last many at once.
"""

from __future__ import annotations

import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from machine import PNEUMOSCOPE, parser, print_facts, print_table, ratio, run, sample, spread
from pneumoscope.files import list_files

_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_MINUTES = 10


def main() -> None:
    """Measures the start, single images and many, and prints a table of each."""
    options = parser(__doc__.splitlines()[0], images=40)
    options.add_argument("--turns", type=int, default=5, help="of starting")
    options.add_argument("--many", type=int, default=500, help="images chosen at once")
    choices = options.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        options.error("chromium is not installed")
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        folder = Path(work)
        images = [
            path.resolve() for path in list_files(sample(choices.data, choices.images, folder))
        ]
        print_facts(f"{len(images)} images, {_megapixels(images):.1f} megapixels at the median")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_OPTIONS))
        _measure_start(browser, images[0], choices.turns)
        with _serving() as (process, address):
            _measure_single(browser, address, images)
        with _serving() as (process, address):
            _measure_many(browser, address, process.pid, _copies(images, choices.many, folder))
        browser.close()


def _measure_start(browser: Browser, image: Path, turns: int) -> None:
    cold, usable = [], []
    for _ in range(turns):
        cold.append(run(PNEUMOSCOPE, "predict", image).seconds)
        page = browser.new_page()
        began = time.perf_counter()
        with _serving() as (_, address):
            _open(page, address)
            usable.append(time.perf_counter() - began)
        page.close()
    beside = f"{ratio(usable, cold):.2f}"
    print_table(
        ["", "s", "beside predict"],
        [
            ["cold `predict` of one image", spread(cold, 2), "1"],
            ["`serve`, until its page is there", spread(usable, 2), beside],
        ],
    )


def _measure_single(browser: Browser, address: str, images: Sequence[Path]) -> None:
    seconds = []
    page = browser.new_page()
    _open(page, address)
    for image in (images[-1], *images):  # the first one is not counted
        began = time.perf_counter()
        page.set_input_files("#files", image)
        _wait_for_pictures(page, 1)
        seconds.append(time.perf_counter() - began)
        page.click("#clear")
    seen = seconds[1:]
    p95 = np.quantile(seen, 0.95)
    print_table(
        ["one image", "s"],
        [
            ["chosen, until label and heatmap are seen", spread(seen, 2)],
            ["95 of 100 within", f"{p95:.2f}"],
        ],
    )
    page.close()


def _measure_many(browser: Browser, address: str, pid: int, images: Sequence[Path]) -> None:
    page = browser.new_page()
    _open(page, address)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    rows = []
    for start, end in ((0, len(images) // 5), (len(images) // 5, len(images))):
        began = time.perf_counter()
        page.set_input_files("#files", list(images[start:end]))
        _wait_for_pictures(page, end)
        seconds = time.perf_counter() - began
        session.send("HeapProfiler.collectGarbage")
        heap = session.send("Runtime.getHeapUsage")["usedSize"]
        shown = page.locator("#rows tr").count()
        rows.append([f"{shown}", f"{(end - start) / seconds:.0f}"])
        rows[-1] += [f"{heap / 1e6:.1f}", f"{_resident(pid) / 1e6:.0f}"]
    print_table(["rows", "images/s", "memory of the page (MB)", "of the service (MB)"], rows)
    page.close()


@contextmanager
def _serving() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Starts the service, and waits for the address that it prints."""
    command = [PNEUMOSCOPE, "serve", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        words = process.stderr.readline().split()
        yield process, next(word.rstrip(";") for word in words if word.startswith("http"))
        process.send_signal(signal.SIGTERM)
        process.stderr.read()


def _open(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#open-card:not([hidden])")


def _wait_for_pictures(page: Page, count: int) -> None:
    """Waits until so many rows have pictures, and so their results."""
    there = "count => document.querySelectorAll('#rows .look:enabled').length >= count"
    page.wait_for_function(there, arg=count, timeout=60_000 * _MINUTES)


def _copies(images: Sequence[Path], count: int, folder: Path) -> list[Path]:
    """Copies images so often that there are so many, each with bytes of its own."""
    copies = []
    for number in range(count):
        path = folder / f"{number:05}{images[number % len(images)].suffix}"
        shutil.copyfile(images[number % len(images)], path)
        copies.append(path)
    return copies


def _megapixels(images: Sequence[Path]) -> float:
    sizes = []
    for path in images:
        with Image.open(path) as image:
            sizes.append(image.width * image.height / 1e6)
    return statistics.median(sizes)


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    main()
