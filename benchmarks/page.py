"""Times the page of the service in Chromium, and its memory over many files.

    .venv/bin/python benchmarks/page.py ../shared/data/chest_xray_native ../shared/data/chest_xray

The first folder holds radiographs at their native size, for times; of both, 500 are put on the page
for memory.
"""

from __future__ import annotations

import argparse
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from pneumoscope.files import list_files

PROGRAM = Path(sys.executable).with_name("pneumoscope")
URL, PORT = "http://127.0.0.1:8755/", "8755"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
RUNS, TIMED, FILES, STEP = 5, 60, 500, 100

# From the choice of a file to the first picture in its row, whose words come with it.
WATCH = """() => {
    new MutationObserver(changes => {
        const added = changes.flatMap(change => [...change.addedNodes]);
        if (added.some(node => node.nodeName === "IMG")) window.ended ??= performance.now();
    }).observe(document.querySelector("#rows"), {subtree: true, childList: true});
    document.querySelector("#files").addEventListener("change", () => {
        window.began = performance.now();
        window.ended = null;
    }, true);
}"""


@contextmanager
def served() -> Iterator[subprocess.Popen[str]]:
    """Runs the service around the default model."""
    command = [PROGRAM, "serve", "--port", PORT, "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    process.stdout.readline()
    yield process
    process.send_signal(signal.SIGTERM)
    process.wait()


def opened(page: Page) -> Page:
    """Opens the page, until files can be chosen."""
    page.goto(URL)
    page.wait_for_selector("#open-card:not([hidden])")
    return page


def choose(page: Page, files: list[Path]) -> None:
    """Chooses files, and waits for their results."""
    page.set_input_files("#files", files)
    page.wait_for_selector("#progress", state="hidden", timeout=300_000)


def report(what: str, times: list[float]) -> None:
    """Prints the median and the 95th percentile of times, in seconds."""
    last = sorted(times)[int(0.95 * len(times))]
    print(f"{what}: median {statistics.median(times):.2f} s, 95th percentile {last:.2f} s")


def megabytes(process: subprocess.Popen[str]) -> int:
    """Returns the memory that a process holds, in MB."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", text)
    assert found
    return int(found[1]) // 1024


def main() -> None:
    """Measures, and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("native", type=Path)
    parser.add_argument("others", type=Path)
    given = parser.parse_args()
    native, others = list(list_files(given.native)), list_files(given.others)
    cold, start = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=OPTIONS)
        for _ in range(RUNS):
            began = time.perf_counter()
            subprocess.run([PROGRAM, "predict", native[0]], capture_output=True, check=True)
            cold.append(time.perf_counter() - began)
            page, began = browser.new_page(), time.perf_counter()
            with served():
                opened(page)
                start.append(time.perf_counter() - began)
            page.close()
        report("cold predict", cold)
        report("start to usable page", start)
        with served() as process:
            page = opened(browser.new_page())
            page.evaluate(WATCH)
            shown, large = [], []
            for file in native[:TIMED]:
                choose(page, [file])
                shown.append(page.evaluate("(window.ended - window.began) / 1000"))
            for row in range(15):
                began = time.perf_counter()
                page.locator(".look").nth(row).click()
                page.wait_for_selector("#stage-note:empty", state="attached")
                large.append(time.perf_counter() - began)
                page.keyboard.press("Escape")
            report("file to label and heatmap", shown)
            report("large view", large)
            page.click("#clear")
            files = [*native, *islice(others, FILES)][:FILES]
            session = page.context.new_cdp_session(page)
            for first in range(0, FILES, STEP):
                choose(page, files[first : first + STEP])
                session.send("HeapProfiler.collectGarbage")
                heap = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
                rows = page.locator("#rows tr").count()
                print(f"{rows} rows: page {heap:.1f} MB, service {megabytes(process)} MB")
        browser.close()


if __name__ == "__main__":
    main()
