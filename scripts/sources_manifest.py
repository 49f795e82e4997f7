"""Writes the manifest of the four sources that the shipped network is trained on, to stdout.

    python scripts/sources_manifest.py DATA >sources.csv
    pneumoscope train sources.csv --root DATA

DATA holds a folder of each source, as docs/models.md lists them:

    chest_xray/train/{NORMAL,PNEUMONIA}             children, Guangzhou; patients by file name
    nih_text/{NORMAL,PNEUMONIA,INFILTRATION}, labels.csv
                                                    adults, Bethesda; labels by text mining
    rsna_normal/NORMAL                              adults, Bethesda; read as normal by radiologists
    hannover/COVID19_PATIENTS, labels.csv           adults, Hannover; COVID-19

Of the labels by text mining an infiltration counts as pneumonia, and a pneumonia if an opacity is
named with it. Films whose report names a pneumonia and no opacity are left out: in PA films such
labels are not visible to a network that has never seen the NIH (docs/adr/0045-lite-1-ships.md).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

COLUMNS = ("path", "label", "patient", "source", "view", "age", "sex")
CLASSES = ("NORMAL", "PNEUMONIA")
OPACITIES = {"Consolidation", "Edema", "Effusion", "Infiltration"}
Row = tuple[str, ...]


def list_images(data: Path) -> Iterator[Row]:
    """Lists the images of all sources, a row by `COLUMNS` each."""
    yield from _folders(data, "chest_xray/train", "guangzhou", view="AP")
    for row in _table(data / "nih_text"):
        if label := _read_label(row):
            about = (row["view"], row["age"], row["sex"])
            yield f"nih_text/{row['path']}", label, "", "nih-chestx-ray14", *about
    yield from _folders(data, "rsna_normal", "rsna-pneumonia-2018", view="")
    for row in _table(data / "hannover"):
        about = (row["projection"].upper(), row["age"], row["sex"].upper())
        path = f"hannover/{row['file']}"
        yield path, "PNEUMONIA", f"hannover {row['patient']}", "hannover-covid-19", *about


def _read_label(row: dict[str, str]) -> str:
    """Reads the class of a film from what its report names; empty if it is of neither."""
    if row["label"] in ("PNEUMONIA", "INFILTRATION"):
        return "PNEUMONIA" if OPACITIES & {*row["findings"].split("|")} else ""
    return "NORMAL" if row["label"] == "NORMAL" else ""


def _folders(data: Path, folder: str, source: str, view: str) -> Iterator[Row]:
    for label in CLASSES:
        for path in sorted((data / folder / label).glob("*")):
            yield path.relative_to(data).as_posix(), label, "", source, view, "", ""


def _table(folder: Path) -> Iterator[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("Give the folder that holds the sources: sources_manifest.py DATA")
    csv.writer(sys.stdout, lineterminator="\n").writerows(
        [COLUMNS, *list_images(Path(sys.argv[1]))]
    )
