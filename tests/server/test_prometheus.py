"""Debian's Prometheus reads the service, and the rule of the how-to fires."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import requests

from tests.conftest import encoded
from tests.monitor.conftest import films
from tests.monitor.conftest import monitored as monitored
from tests.server.running import running

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "drift.md").read_text("utf-8")
SECONDS = 60.0


def of_page(first: str) -> str:
    """Returns the block of the page that begins with a word."""
    (found,) = re.findall(rf"^```yaml\n({first}.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return found


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[str]:
    """Runs Prometheus by the settings of the page, which look more often here."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed")
    (folder / "drift.rules.yml").write_text(of_page("groups:"))
    settings = of_page("rule_files:").replace("127.0.0.1:8600", target)
    often = settings.replace("scrape_interval: 1m", "scrape_interval: 1s")
    (folder / "prometheus.yml").write_text(f"global: {{evaluation_interval: 1s}}\n{often}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=error",
        ]
    )
    try:
        yield f"http://{address}/api/v1"
    finally:
        process.terminate()
        process.wait(SECONDS)


def wait_for_alert(address: str) -> dict[str, Any]:
    until = monotonic() + SECONDS
    while monotonic() < until:
        sleep(0.2)
        try:
            found = requests.get(f"{address}/alerts", timeout=5).json()
        except (requests.ConnectionError, requests.JSONDecodeError):
            continue  # it is about to start
        firing = [each for each in found["data"]["alerts"] if each["state"] == "firing"]
        if firing:
            return firing[0]
    raise AssertionError("no alert fires")


def test_the_rule_of_the_how_to_fires(monitored: Path, tmp_path: Path) -> None:
    with running(monitored) as found, prometheus(tmp_path, found.address) as address:
        for film in films(40, seed=31, brighter=30):
            assert requests.post(found.predictions, data=encoded(film), timeout=20).ok
        found.service.monitor.look()
        alert = wait_for_alert(address)
    assert alert["labels"]["alertname"] == "PneumoscopeDrift"
    assert found.address in alert["annotations"]["summary"]
