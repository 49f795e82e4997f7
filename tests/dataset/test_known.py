"""Patients are read from file names, by the rules that ship as data."""

from __future__ import annotations

import pytest

from pneumoscope.known import identify

NAMES = {
    "person1_bacteria_2.jpeg": ("guangzhou bacteria 1", "bacterial"),
    "person1_virus_12.jpeg": ("guangzhou virus 1", "viral"),
    "person1637_virus_2_1.jpeg": ("guangzhou virus 1637", "viral"),
    "IM-0115-0001.jpeg": ("guangzhou IM 0115", ""),
    "IM-0640-0001-0001.jpeg": ("guangzhou IM 0640", ""),
    "NORMAL2-IM-0115-0001.jpeg": ("guangzhou NORMAL2-IM 0115", ""),
    "person3_virus_7.PNG": ("guangzhou virus 3", "viral"),
    "normal2-im-0115-0001.jpg": ("guangzhou NORMAL2-IM 0115", ""),
    "IM-0115-0001 (copy\n\udce9).jpeg": ("guangzhou IM 0115", ""),
    "BACTERIA-1008087-0001.jpeg": ("guangzhou-v3 BACTERIA 1008087", "bacterial"),
    "VIRUS-7979-0002.jpeg": ("guangzhou-v3 VIRUS 7979", "viral"),
    "virus-7979-0003-1a2b3c4d.png": ("guangzhou-v3 VIRUS 7979", "viral"),
    "NORMAL-11419-0001.jpeg": ("guangzhou-v3 NORMAL 11419", ""),
    "00000013_005.png": ("nih-chestx-ray14 00000013", ""),
    "00030805_000.jpg": ("nih-chestx-ray14 00030805", ""),
    "phantom7-00012-1.png": ("phantom 7 00012", ""),
    "phantom7-00012-consolidation-0.png": ("phantom 7 00012", "consolidation"),
}


@pytest.mark.parametrize("name", NAMES)
def test_known_names(name: str) -> None:
    identity = identify(name)
    assert identity is not None
    assert (identity.patient, identity.subgroup) == NAMES[name]
    assert identity.dataset.attribution


SERIES = {
    "person1637_virus_2_1.jpeg": ("virus", 1637),
    "IM-0640-0001-0001.jpeg": ("IM", 640),
    "NORMAL2-IM-0115-0001.jpeg": ("NORMAL2-IM", 115),
    "VIRUS-7979-0002.jpeg": ("", None),
    "phantom7-00012-1.png": ("", None),
}


@pytest.mark.parametrize("name", SERIES)
def test_series(name: str) -> None:
    identity = identify(name)
    assert identity is not None
    assert (identity.series, identity.number) == SERIES[name]


UNKNOWN = (
    "0001.png",
    "person_bacteria.jpeg",
    "scan IM-0115-0001.jpeg",
    "NORMAL-1017237-1.jpeg",
    "BACTERIA-12.jpeg",
    "20240101_001.png",
    "00000013_005",
    "00000013_0055.png",
    "person\u0661_virus_1.jpeg",
    "",
)


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_names(name: str) -> None:
    assert identify(name) is None
