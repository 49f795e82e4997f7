"""A trial on a part of the images never passes for the whole."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_an_evaluation_says_so(run: Run, bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    options = ("--limit", 8, "--resamples", 100, "--json", "-o", tmp_path / "e")
    code, out, err = run("evaluate", bundle, phantoms, *options)
    assert code == 0
    (said,) = [each for each in json.loads(out)["notices"] if each["code"] == "sample"]
    assert "A trial on a random sample" in err
    rows = (tmp_path / "e" / "predictions.csv").read_text("utf-8").splitlines()
    assert len(rows) - 1 == said["values"]["images"]


def test_a_prediction_says_how_many_are_left_out(run: Run, bundle: Path, phantoms: Path) -> None:
    total = len(list(phantoms.rglob("*.png")))
    code, out, err = run("predict", bundle, phantoms, "--limit", 3, "--csv")
    assert code == 0
    assert len(out.splitlines()) == 4
    assert f"A trial on the first 3 files: {total - 3} more are left out" in err
