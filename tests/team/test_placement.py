"""Where a training runs: what may be said about it."""

from __future__ import annotations

from typing import Any

import pytest

from pneumoscope.errors import SettingsError
from pneumoscope.team import Placement
from pneumoscope.team.placement import split_address

TWO = ("node1:7000", "node2:7000")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"devices": 0}, "`devices` is out of range"),
        ({"rank": 1}, "`rank` is out of range"),
        ({"hosts": TWO, "rank": 2}, "`rank` is out of range. Expected 0 to 1"),
        ({"hosts": TWO, "rank": -1}, "`rank` is out of range"),
        ({"hosts": ("node1:7000",)}, "two or more processes"),
        ({"hosts": ("node1:7000", "node1:7000")}, "`hosts` has node1:7000 twice"),
        ({"hosts": ("node1", "node2:7000")}, "no address of a process"),
        ({"hosts": (":7000", "node2:7000")}, "no address of a process"),
        ({"hosts": ("node1:0", "node2:7000")}, "no address of a process"),
        ({"hosts": ("node1:65536", "node2:7000")}, "no address of a process"),
        ({"device": "gpu", "devices": 2}, "`device` names the device of a training on one"),
        ({"device": "gpu", "hosts": TWO}, "`device` names the device of a training on one"),
    ],
)
def test_impossible_placement_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Placement(**given)


def test_one_device_alone_is_plain() -> None:
    assert Placement().is_plain
    assert not Placement(devices=2).is_plain
    assert not Placement(devices=None).is_plain
    assert not Placement(hosts=TWO).is_plain


def test_address_may_be_of_ipv6() -> None:
    assert split_address("[::1]:7000") == ("::1", 7000)
    assert split_address("10.0.0.1:80") == ("10.0.0.1", 80)
