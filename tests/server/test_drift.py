"""The service counts what it is asked, tells of drift, and keeps the counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

import pneumoscope
from pneumoscope.errors import DataError
from pneumoscope.tables import DASH
from tests.conftest import encoded
from tests.monitor.conftest import films
from tests.monitor.conftest import monitored as monitored
from tests.server.running import Running, running


def send(found: Running, brighter: float, count: int = 40) -> None:
    session = requests.Session()
    for film in films(count, seed=21, brighter=brighter):
        assert session.post(found.predictions, data=encoded(film), timeout=20).ok


def ask(found: Running) -> dict[str, object]:
    answer = requests.get(f"{found.url}/page/drift", timeout=20)
    assert answer.ok
    return answer.json()


def test_page_is_told_a_sentence_and_tables(monitored: Path) -> None:
    with running(monitored) as found:
        assert ask(found)["sentence"] == "No image has been counted yet."
        send(found, brighter=0)
        requests.post(found.predictions, data=b"no image", timeout=20)
        told = ask(found)
        assert (told["alarm"], told["images"]) == (False, 41)
        drift, codes = told["tables"]
        assert drift["columns"][:2] == ["quantity", "PSI"]
        assert [row[0] for row in drift["rows"]][-2:] == ["distance", "refused"]
        assert ["no answer", "image-unknown-format", "1", "0.024", DASH] in codes["rows"]


def test_other_images_raise_the_alarm_in_gauges_and_log(
    monitored: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(monitored, drift=tmp_path / "counters") as found:
        send(found, brighter=30)
        assert ask(found)["alarm"] is True
        found.service.monitor.look()
        text = requests.get(f"{found.url}/metrics", timeout=20).text
        assert "pneumoscope_drift_alarm 1.0" in text
        assert "pneumoscope_drift_images 40.0" in text
        assert 'pneumoscope_drift_psi{quantity="brightness"}' in text
    lines = map(json.loads, capfd.readouterr().err.splitlines())
    (told,) = [line for line in lines if line["event"] == "drift"]
    assert told["alarm"] is True
    assert "brightness" in told["quantities"]


def test_counts_outlast_the_service(monitored: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with running(monitored, drift=tmp_path / "counters") as found:
            send(found, brighter=0, count=5)
    report = pneumoscope.drift(monitored, tmp_path / "counters")
    assert report.counts.images == 10
    written = "".join(path.read_text() for path in (tmp_path / "counters").iterdir())
    assert '"path"' not in written


def test_tensors_are_counted_too(monitored: Path) -> None:
    with running(monitored) as found:
        pixels = films(3, seed=22)
        body = {
            "inputs": [
                {
                    "name": "pixels",
                    "datatype": "UINT8",
                    "shape": list(pixels.shape),
                    "data": pixels.ravel().tolist(),
                }
            ]
        }
        answer = requests.post(f"{found.url}/v2/models/monitored/infer", json=body, timeout=20)
        assert answer.ok, answer.text
        assert ask(found)["images"] == 3


def test_the_same_file_at_another_threshold_is_counted_once(monitored: Path) -> None:
    with running(monitored) as found:
        data = encoded(films(1, seed=23)[0])
        for name in ("default", "default"):
            query = {"operating_point": name, "name": "again.png"}
            assert requests.post(found.predictions, data=data, params=query, timeout=20).ok
        assert ask(found)["images"] == 1
        assert found.count("images_total", status="accepted") == 2


def test_damaged_counters_stop_the_start(monitored: Path, tmp_path: Path) -> None:
    (tmp_path / "2026-11-27.0123456789abcdef.json").write_text("broken")
    with (
        pytest.raises(DataError, match="Delete it"),
        running(monitored, drift=tmp_path),
    ):
        pass
