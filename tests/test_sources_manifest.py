"""The script that lists the images of the shipped network: which reports count as pneumonia."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "sources_manifest.py"))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("label", "findings", "expected"),
    [
        ("NORMAL", "No Finding", "NORMAL"),
        ("PNEUMONIA", "Infiltration|Pneumonia", "PNEUMONIA"),
        ("PNEUMONIA", "Consolidation", "PNEUMONIA"),
        ("PNEUMONIA", "Edema|Effusion|Pneumonia", "PNEUMONIA"),
        ("INFILTRATION", "Infiltration|Nodule", "PNEUMONIA"),
        ("PNEUMONIA", "Pneumonia", None),
        ("PNEUMONIA", "Atelectasis|Pneumonia", None),
        ("OTHER", "Effusion", None),
    ],
)
def test_a_pneumonia_counts_if_its_report_names_an_opacity(
    label: str, findings: str, expected: str | None, tmp_path: Path
) -> None:
    head = "path,label,patient,age,sex,view,findings"
    film = f"{label}/1_0.jpg,{label},1,60,M,PA,{findings}"
    write(tmp_path / "nih_text" / "labels.csv", f"{head}\n{film}\n")
    write(
        tmp_path / "hannover" / "labels.csv", "file,patient,projection,age,sex\nx.png,7,ap,50,f\n"
    )
    write(tmp_path / "rsna_normal" / "NORMAL" / "2.jpg", "")
    found = [row[:4] for row in SCRIPT["list_images"](tmp_path)]
    others = [
        ("rsna_normal/NORMAL/2.jpg", "NORMAL", "", "rsna-pneumonia-2018"),
        ("hannover/x.png", "PNEUMONIA", "hannover 7", "hannover-covid-19"),
    ]
    named = [(f"nih_text/{label}/1_0.jpg", expected, "", "nih-chestx-ray14")] if expected else []
    assert found == [*named, *others]
