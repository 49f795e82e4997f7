"""Where the log and the metrics of a node are."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from urllib.request import urlopen

import pytest

from pneumoscope.errors import StorageError
from pneumoscope.node.settings import Settings
from pneumoscope.node.watch import watching
from tests.node.happenings import OBJECT


def test_the_log_is_appended_to(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "node.log"
    settings = Settings(to=("X@127.0.0.1:1",), log=log)
    for _ in range(2):
        with watching(settings) as tell:
            for event in OBJECT:
                tell(event)
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()] == ["object"] * 2


def test_the_log_is_on_the_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with watching(Settings(to=("X@127.0.0.1:1",))) as tell:
        tell(OBJECT[-1])
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["outcome"] == "finished"


def test_metrics_are_served_where_asked(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Settings(to=("X@127.0.0.1:1",), log=tmp_path / "log", metrics_port=port)
    with watching(settings) as tell:
        tell(OBJECT[-1])
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert b"\npneumoscope_node_finished_total 1.0\n" in answer.read()


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(to=("X@127.0.0.1:1",), log=tmp_path / "file" / "log")
    with pytest.raises(StorageError), watching(settings):
        pass
