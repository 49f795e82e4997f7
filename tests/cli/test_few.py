"""Ten images in all, the patients of half of them unknown: what cannot be said is not said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run

OPTIONS = ["--arch", "baseline", "--image-size", "32", "--epochs", "1", "--precision", "float32"]


@pytest.fixture
def ten(class_folders: Callable[..., Path]) -> Path:
    data = class_folders(NORMAL=5, PNEUMONIA=5)
    lines = ["path,label,patient"]
    for name in ("NORMAL", "PNEUMONIA"):
        lines += [f"{name}/{n}.png,{name},{f'P{n}{name}' if n < 3 else ''}" for n in range(5)]
    (data / "list.csv").write_text("\n".join(lines))
    return data / "list.csv"


@pytest.mark.keras
def test_ten_images_from_training_to_report(ten: Path, tmp_path: Path, run: Run) -> None:
    root = tmp_path / "run"
    code, _, err = run("train", ten, "-o", root, *OPTIONS)
    assert code == 0
    for words in (
        "The patient of 4 of 10 images cannot be told",
        "The probabilities were not calibrated: it takes 10 validation patients of each class",
        "No threshold was chosen, and 0.5 stays",
        "The model will refuse nothing",
    ):
        assert words in err, words
    assert " 0 images/s" not in err
    code, out, err = run("evaluate", root, ten, "-o", tmp_path / "out")
    assert code == 0
    assert "The patient of 4 of 10 images cannot be told" in err
    assert "Few patients (2): the intervals are too narrow" in err
    (auroc,) = {line for line in out.splitlines() if line.startswith("  AUROC ")}
    assert "(\N{EN DASH})" in auroc
    code, _, err = run("report", root)
    assert code == 0
    assert "Few patients (2)" in err
    assert "No shortcut score" in (root / "report.html").read_text("utf-8")


@pytest.mark.keras
def test_training_that_diverges_is_told(ten: Path, tmp_path: Path, run: Run) -> None:
    code, _, err = run("train", ten, "-o", tmp_path / "run", *OPTIONS, "--learning-rate", "1e30")
    assert code == 7
    assert "has diverged" in err
    assert "lower --learning-rate" in err
    assert not (tmp_path / "run" / "bundle").exists()
