"""`pneumoscope report`: what it prints, and how it leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pneumoscope.reporting.checks import CHECKS
from tests.cli.conftest import Run
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
