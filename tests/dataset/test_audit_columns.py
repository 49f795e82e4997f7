"""An audit counts sources and views, and finds those that tell the label."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pneumoscope.dataset import PhantomSettings, make_phantoms
from pneumoscope.dataset.audit import Audit, audit, tabulate_audit, write_page
from tests.pages import require_sound


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """Audits east, of both classes; north, of PNEUMONIA alone; and views that tell the label."""
    root = tmp_path_factory.mktemp("columns")
    make_phantoms(root / "set", PhantomSettings(160, (1, 1), width=(100, 124)))
    rows = []
    for label in ("NORMAL", "PNEUMONIA"):
        for number, path in enumerate(sorted((root / "set" / label).iterdir())):
            source = "north" if label == "PNEUMONIA" and number % 2 else "east"
            view = "AP" if label == "PNEUMONIA" else "PA"
            rows.append((path.relative_to(root), label, path.stem, source, view))
    with (root / "set.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "patient", "source", "view"), *rows])
    return audit(root / "set.csv")


def test_images_and_patients_are_counted_by_source_and_class(found: Audit) -> None:
    groups = found.columns["source"].groups
    assert list(groups) == ["east", "north"]
    assert groups["north"].images["NORMAL"] == 0
    for name in found.images.classes:
        total = sum(found.images.classes[each.label] == name for each in found.images.records)
        assert sum(group.images[name] for group in groups.values()) == total
    assert all(group.images == group.patients for group in groups.values())


def test_source_and_views_of_one_class_are_a_finding(found: Audit) -> None:
    (finding,) = (each for each in found.findings if each.code == "source-of-one-class")
    assert finding.count == 3
    for words in ("source north (PNEUMONIA)", "view AP (PNEUMONIA)", "view PA (NORMAL)"):
        assert words in finding.text
    assert "east" not in finding.text


def test_view_that_is_the_label_is_a_finding(found: Audit) -> None:
    alone = found.columns["view"].alone
    assert alone is not None
    assert alone.value == 1
    (finding,) = (each for each in found.findings if each.code == "label-by-source")
    assert "view (AUROC" in finding.text


def test_facts_of_phantoms_tell_no_source(found: Audit) -> None:
    east, north = (found.columns["source"].groups[name] for name in ("east", "north"))
    assert east.told is not None
    assert east.within is not None
    assert north.within is None
    codes = {each.code for each in found.findings}
    assert not codes & {"source-by-facts", "shortcut-within-source"}


def test_tables_page_and_json_show_them(found: Audit, tmp_path: Path) -> None:
    titles = [table.title for table in tabulate_audit(found)]
    assert any(title.startswith("Images (patients) of each source") for title in titles)
    assert found.to_dict()["columns"]["source"]["groups"]["north"]["within"] is None
    write_page(found, tmp_path / "page.html")
    page = require_sound((tmp_path / "page.html").read_text("utf-8"))
    assert "Sources and views" in page.text


def test_set_of_one_source_has_no_columns(tmp_path: Path) -> None:
    make_phantoms(tmp_path / "set", PhantomSettings(40, (1, 1), width=(100, 124)))
    assert audit(tmp_path / "set").columns == {}
