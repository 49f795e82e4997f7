"""The how-to of the node says what is so: its settings are read, and all are listed."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from pneumoscope.node.settings import Settings
from pneumoscope.node.settings_file import read_settings
from tests.node.viewer import HOW_TO
from tests.test_docs import blocks

TEXT = HOW_TO.read_text("utf-8")
(ORTHANC,) = blocks(HOW_TO, "json")
FILES = blocks(HOW_TO, "toml")


@pytest.mark.parametrize("file", FILES)
def test_settings_are_read(tmp_path: Path, file: str) -> None:
    (tmp_path / "node.toml").write_text(file)
    read_settings(tmp_path / "node.toml")


def test_node_and_archive_know_each_other(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(FILES[0])
    node, archive = read_settings(tmp_path / "node.toml"), json.loads(ORTHANC)
    address = [node.ae, node.host, node.port]
    assert archive["DicomModalities"] == {node.ae: address}
    assert node.to == (f"{archive['DicomAet']}@127.0.0.1:{archive['DicomPort']}",)
    assert node.callers == (archive["DicomAet"],)
    assert f'"/modalities/{node.ae}/store"' in TEXT


def test_every_setting_is_listed_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| ([^|]*?) ?\|", TEXT, re.MULTILINE))
    assert list(listed) == [field.name for field in fields(Settings)]
    defaults = Settings(to=("A@127.0.0.1:1",))
    for name in ("ae", "host", "port", "captures", "associations", "timeout"):
        assert listed[name] == f"`{json.dumps(getattr(defaults, name))}`".replace('"', "")
