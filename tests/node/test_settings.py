"""Settings of the node, as a file has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import SettingsError
from pneumoscope.node.settings import Settings
from pneumoscope.node.settings_file import read_settings
from pneumoscope.node.tls import Tls

TO = ("ORTHANC@127.0.0.1:4242",)
FILE = """
ae = "NODE"
port = 104
to = ["ORTHANC@127.0.0.1:4242"]
kinds = ["report"]
captures = true
timeout = 2.5
spool = "spool"

[peers]
MODALITY = "127.0.0.1:4243"

[tls]
certificate = "node.crt"
key = "node.key"
"""


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text(FILE)
    read = read_settings(file)
    assert (read.ae, read.port, read.to, read.kinds) == ("NODE", 104, TO, (Kind.REPORT,))
    assert (read.captures, read.timeout, read.spool) == (True, 2.5, tmp_path / "spool")
    assert read.peers == {"MODALITY": "127.0.0.1:4243"}
    assert read.tls is not None
    assert read.tls.key == tmp_path / "node.key"


def test_what_is_given_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text(FILE)
    assert read_settings(file, port=105, ae=None).port == 105
    assert read_settings(None, to=TO) == Settings(to=TO)


@pytest.mark.parametrize(
    "line",
    [
        'port = "104"',
        "port = true",
        "captures = 1",
        "ae = 5",
        'to = "ORTHANC@127.0.0.1:4242"',
        "to = [5]",
        "peers = {MODALITY = 104}",
        "timeout = [1]",
        'tls = "node.crt"',
        "tls = {key = 'node.key'}",
    ],
)
def test_a_value_of_another_type_is_refused_by_its_name(tmp_path: Path, line: str) -> None:
    (tmp_path / "node.toml").write_text(f"{line}\n")
    with pytest.raises(SettingsError) as failed:
        read_settings(tmp_path / "node.toml")
    assert failed.value.values["setting"] == line.partition(" ")[0]


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"commit": ("ORTHNAC",)}, "commit"),
        ({"tls": Tls(Path("a"), Path("b"), destinations=("ORTHNAC",))}, "tls"),
    ],
)
def test_what_is_asked_of_no_destination_is_refused(
    changes: dict[str, object], setting: str
) -> None:
    with pytest.raises(SettingsError) as error:
        Settings(to=TO, **changes)
    assert error.value.values["setting"] == setting
    assert error.value.remedy == "Did you mean ORTHANC?"
