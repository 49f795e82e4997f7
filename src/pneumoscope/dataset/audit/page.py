"""The page of an audit: one HTML file that needs no other and shows the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pneumoscope.dataset.audit.quantities import CATEGORIES, QUANTITIES, TITLES
from pneumoscope.dataset.audit.result import Audit
from pneumoscope.dataset.audit.tables import tabulate_columns, tabulate_counts
from pneumoscope.errors import ImageError
from pneumoscope.files import write_text
from pneumoscope.imaging import load_display, read_bytes
from pneumoscope.pages import data_uri, render
from pneumoscope.parallel import in_parallel
from pneumoscope.types import ImageRecord

# Limits that keep a page below 5 MB, even for pictures of noise; the JSON output lists all.
_MAX_COPIES, _MAX_PATIENTS, _MAX_REFUSED = 30, 12, 20
_MAX_IN_GROUP = 4
_MAX_FILES = 200
_SIDE = 224

_CHART = (300, 90)  # width and height, in units of the drawing


@dataclass(frozen=True)
class _Picture:
    """An image of the page: `data` is a data URI, or empty if it could not be read."""

    name: str
    label: str
    split: str
    patient: str
    data: str


def write_page(audit: Audit, path: Path) -> None:
    """Writes an audit as a page of HTML, with pictures and charts in it and without scripts.

    Args:
        audit: the audit to show.
        path: path of the file.

    Raises:
        StorageError: if the file cannot be written.
    """
    crossing = list(audit.patients.across_splits.values())
    page = render(
        "pneumoscope.dataset.audit",
        "page.html.j2",
        made_of=audit.made_of,
        audit=audit,
        counts=tabulate_counts(audit),
        columns=list(tabulate_columns(audit)),
        copies=_show(audit, [copies.records for copies in audit.copies], _MAX_COPIES),
        refused=_show(audit, list(audit.refused.values()), _MAX_REFUSED),
        crossing=_show(audit, [_one_of_each_split(records) for records in crossing], _MAX_PATIENTS),
        max_files=_MAX_FILES,
        quantities=QUANTITIES,
        categories=CATEGORIES,
        titles=TITLES,
        chart=_CHART,
        outlines=_outlines(audit),
    )
    write_text(path, page)


def _show(audit: Audit, groups: Sequence[Sequence[ImageRecord]], most: int) -> list[list[_Picture]]:
    shown = [group[:_MAX_IN_GROUP] for group in groups[:most]]
    pictures = iter(
        in_parallel(partial(_picture, audit), [record for group in shown for record in group])
    )
    return [[next(pictures) for _ in group] for group in shown]


def _picture(audit: Audit, record: ImageRecord) -> _Picture:
    try:
        data = data_uri(load_display(read_bytes(record.path), _SIDE))
    except ImageError:
        data = ""
    return _Picture(
        name=audit.name(record),
        label=audit.images.classes[record.label],
        split=record.split or "",
        patient=record.patient if record.patient_known else "unknown",
        data=data,
    )


def _one_of_each_split(records: Sequence[ImageRecord]) -> list[ImageRecord]:
    return list({record.split: record for record in records}.values())


def _outlines(audit: Audit) -> dict[str, dict[str, str]]:
    """Draws the histograms as SVG paths, by quantity and class; none where all values are equal."""
    width, height = _CHART
    outlines: dict[str, dict[str, str]] = {}
    for name, (low, high) in audit.facts.edges.items():
        spreads = audit.facts.spreads[name]
        if low == high:
            continue
        peak = max(fraction for spread in spreads.values() for fraction in spread.shares)
        outlines[name] = {}
        for of, spread in spreads.items():
            step = width / len(spread.shares)
            steps = "".join(
                f"V{height * (1 - fraction / peak):.1f}H{step * (number + 1):.1f}"
                for number, fraction in enumerate(spread.shares)
            )
            outlines[name][of] = f"M0 {height}{steps}V{height}Z"
    return outlines
