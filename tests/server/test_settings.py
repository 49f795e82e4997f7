"""Settings of the service are in their ranges."""

from __future__ import annotations

import pytest

from pneumoscope.errors import SettingsError
from pneumoscope.server.settings import Settings, is_loopback


@pytest.mark.parametrize(
    "changes",
    [
        {"port": -1},
        {"port": 65536},
        {"waiting": 0},
        {"most_bytes": 0},
        {"most_parts": 0},
        {"most_memory": 0},
        {"patience": 0},
        {"rate": 0},
        {"rate": float("nan")},
    ],
)
def test_what_is_out_of_range_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**changes)  # type: ignore[arg-type]
    assert caught.value.code == "out-of-range"
    assert caught.value.values["setting"] in changes


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.1", False),
        ("radiology.example", False),
        ("", False),
    ],
)
def test_addresses_of_this_machine_are_known(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
