"""A preset is chosen by name, recorded with the run, and gives way to the options beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pneumoscope.bundle import read_bundle
from tests.cli.conftest import Run

SMALL = ("--arch", "baseline", "--image-size", "32", "--epochs", "1", "--precision", "float32")


@pytest.mark.keras
def test_options_come_before_a_preset_which_is_recorded(
    run: Run, phantoms: Path, tmp_path: Path
) -> None:
    root = tmp_path / "run"
    code, _, err = run("train", phantoms, "-o", root, "--preset", "quick", *SMALL)
    assert code == 0, err
    settings = json.loads((root / "settings.json").read_text())
    for kind in ("given", "resolved"):
        chosen = {name: settings[kind][name] for name in ("preset", "image_size", "epochs")}
        assert chosen == {"preset": "quick", "image_size": 32, "epochs": 1}
    bundle = read_bundle(root)
    assert " --preset quick " in bundle.info.command
    assert "**Preset:** `quick`" in bundle.card()


@pytest.mark.keras
def test_folds_come_before_the_seeds_of_a_preset(run: Run, phantoms: Path, tmp_path: Path) -> None:
    options = ("--preset", "best", "--folds", "2", "-o", tmp_path / "run", "--json")
    code, out, err = run("train", phantoms, *SMALL, *options)
    assert code == 0, err
    assert json.loads(out)["kind"] == "folds"
    assert len(json.loads(out)["runs"]) == 2


@pytest.mark.keras
def test_best_trains_three_seeds(run: Run, phantoms: Path, tmp_path: Path) -> None:
    options = ("--preset", "best", "-o", tmp_path / "run", "--json")
    code, out, err = run("train", phantoms, *SMALL, *options)
    assert code == 0, err
    assert [Path(each["run"]).name for each in json.loads(out)["runs"]] == [
        f"seed-{seed}" for seed in (1, 2, 3)
    ]


@pytest.mark.keras
def test_an_unknown_preset_is_answered_by_the_nearest(run: Run, phantoms: Path) -> None:
    code, _, err = run("train", phantoms, "--preset", "bst")
    assert code == 2
    assert "Did you mean best?" in err
