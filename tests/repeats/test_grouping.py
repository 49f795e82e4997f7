"""Sources that are left out together are of one hospital, or have one class alone."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

from pneumoscope.dataset import SplitSettings, prepare
from pneumoscope.repeats.sources import group_sources
from pneumoscope.types import Geometry
from tests.conftest import SIDE

SOURCES = {"NORMAL": ("guangzhou", "nih-chestx-ray14", "rsna-pneumonia-2018")}
SOURCES["PNEUMONIA"] = ("guangzhou", "nih-chestx-ray14", "hannover-covid-19")


def test_sources_of_one_hospital_are_left_out_together(phantoms: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(phantoms, data)
    manifest = data / "sources.csv"
    with manifest.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "source"), *_rows(data)])
    made = prepare(
        manifest, tmp_path / "out", geometry=Geometry(SIDE, SIDE), split=SplitSettings(3)
    )
    assert group_sources(made) == (
        ("guangzhou",),
        ("nih-chestx-ray14", "rsna-pneumonia-2018"),
        ("hannover-covid-19",),
    )


def _rows(data: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(data.rglob("*.png")):
        label = path.parent.name
        number = int(path.stem.split("-")[1])  # of the patient
        yield str(path.relative_to(data)), label, SOURCES[label][number % 3]
