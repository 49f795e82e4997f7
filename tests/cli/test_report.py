"""`pneumoscope report`: what it prints, and how it leaves."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from pneumoscope.bundle import Seen
from pneumoscope.dataset import scan
from pneumoscope.imaging import read_bytes
from pneumoscope.reporting.checks import CHECKS
from pneumoscope.types import Split
from tests.cli.conftest import Run
from tests.conftest import write_bundle
from tests.reporting.conftest import write_run


def test_table_and_json(run: Run, phantoms: Path, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", phantoms)
    code, out, err = run("report", folder, "--resamples", 100)
    assert code == 0
    assert f"page in {folder / 'report.html'}" in out
    assert f"model card in {folder / 'MODEL_CARD.md'}" in out
    assert "Shortcuts in the data" in out
    assert "from 100 resamples" in (folder / "report.html").read_text()
    assert "research tool" in err
    options = ("-o", tmp_path / "page.html", "--json", "--resamples", 100)
    code, out, _ = run("report", folder, phantoms, *options)
    assert code == 0
    content = json.loads(out)
    assert content["page"] == str(tmp_path / "page.html")
    assert len(content["verdict"]["statements"]) == len(CHECKS)


def test_what_was_made_of_something_else_is_kept(run: Run, phantoms: Path, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", phantoms)
    shutil.copytree(phantoms, other := tmp_path / "other")
    for _ in range(2):  # the same again
        assert run("report", folder, "--resamples", 100)[0] == 0
    before = (folder / "report.html").read_bytes()
    for arguments in ((other,), (other, "-o", folder / "other.html")):
        code, out, err = run("report", folder, *arguments, "--resamples", 100)
        assert (code, out) == (2, "")
        assert "was made of something else" in err
    assert (folder / "report.html").read_bytes() == before


def test_errors_are_one_line(run: Run, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", tmp_path / "gone")
    for arguments, expected in (((folder,), 2), ((tmp_path,), 3), ((folder, "missing"), 2)):
        code, out, err = run("report", *arguments)
        assert (code, out) == (expected, "")
        assert err.startswith("Error: ")
        assert err.count("\n") == 1


def test_a_report_says_what_the_model_has_seen_of_the_data(
    run: Run, phantoms: Path, tmp_path: Path
) -> None:
    seen = [each for each in scan(phantoms).records if each.patient.endswith("1")]
    used = [replace(each, split=Split.TRAIN, sha256=read_bytes(each.path).sha256) for each in seen]
    model = write_bundle(tmp_path / "model" / "bundle", seen=Seen.of("key", used))
    page = tmp_path / "page.html"
    code, _, err = run("report", model, phantoms, "-o", page, "--resamples", "100")
    assert code == 0, err
    assert f"Left out: {len(seen)} images" in err
    assert f"{len(seen)} images of patients that it has used are left out" in page.read_text()
