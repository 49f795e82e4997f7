"""Results of another model or other data are not written over."""

from __future__ import annotations

import json
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pneumoscope.dataset import PhantomSettings, make_phantoms, prepare
from pneumoscope.errors import SettingsError
from pneumoscope.evaluation import compare, evaluate
from pneumoscope.evaluation.folder import made_of
from pneumoscope.evaluation.heatmaps import check_heatmaps
from pneumoscope.evaluation.stress import stress
from pneumoscope.inference import load
from tests.conftest import write_bundle

REFUSED = "was made of something else"


def test_other_results_are_not_written_over(bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    other = write_bundle(tmp_path / "other", seed=1)  # of the same name
    out = tmp_path / "out"
    evaluate(bundle, phantoms, out, resamples=100)
    evaluate(bundle, os.path.relpath(phantoms), out, resamples=100)  # the same again
    before = (out / "metrics.json").read_bytes()
    with pytest.raises(SettingsError, match=REFUSED):
        evaluate(other, phantoms, out, resamples=100)
    assert (out / "metrics.json").read_bytes() == before
    compare([bundle, other], phantoms, out, resamples=100)  # another command: beside it
    with pytest.raises(SettingsError, match=REFUSED):
        compare([other, bundle], phantoms, out, resamples=100)
    stress([bundle], phantoms, out, resamples=100)
    with pytest.raises(SettingsError, match=REFUSED):
        stress([other], phantoms, out, resamples=100)
    check_heatmaps(bundle, phantoms, out, images=4, resamples=100)
    with pytest.raises(SettingsError, match=REFUSED):
        check_heatmaps(other, phantoms, out, images=4, resamples=100)


@pytest.mark.parametrize(
    "name", ["metrics.json", "roc.png", "roc.pdf", "evaluation.tex", "predictions.csv"]
)
def test_what_is_no_result_of_ours_is_kept(
    name: str, bundle: Path, phantoms: Path, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(json.dumps({"data": str(phantoms)}))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SettingsError, match=f"{name} is there already, and {REFUSED}"):
        evaluate(bundle, phantoms, tmp_path, resamples=100)
    assert sorted(tmp_path.iterdir()) == before


MEASURES: dict[str, Any] = {
    "evaluate": evaluate,
    "compare": lambda bundle, *rest, **options: compare([bundle] * 2, *rest, **options),
    "stress": partial(stress, severities=True),
    "check_heatmaps": partial(check_heatmaps, images=4),
}


@pytest.mark.parametrize("name", MEASURES)
def test_every_file_that_is_written_is_guarded(name: str, bundle: Path, tmp_path: Path) -> None:
    make_phantoms(few := tmp_path / "few", PhantomSettings(patients=8, width=(96, 128)))
    measure = partial(MEASURES[name], bundle, few, tmp_path / "out", resamples=100)
    measure(figures=["svg"])
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(written) >= 4
    for each in written:
        shutil.rmtree(tmp_path / "out")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / each).write_text("mine")
        with pytest.raises(SettingsError, match=REFUSED):
            measure()


def test_data_is_identified_by_place_and_prepared_data_by_content(
    bundle: Path, phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = load(bundle)
    (link := tmp_path / "link").symlink_to(phantoms)
    shutil.copytree(phantoms, copy := tmp_path / "copy")
    assert made_of([predictor], link) == made_of([predictor], phantoms)
    assert made_of([predictor], copy) != made_of([predictor], phantoms)
    geometry = predictor.info.geometry
    one, two = (prepare(phantoms, tmp_path / name, geometry=geometry).root for name in "ab")
    assert made_of([predictor], one) == made_of([predictor], two)
    assert made_of([predictor], one) != made_of([predictor], phantoms)


def test_figures_are_of_the_formats_that_are_asked_for(
    bundle: Path, phantoms: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="png or svg or pdf"):
        evaluate(bundle, phantoms, tmp_path / "none", figures=["jpeg"])
    compare([bundle, bundle], phantoms, tmp_path / "out", resamples=100, figures=["svg", "pdf"])
    figures = {path.suffix for path in (tmp_path / "out").glob("comparison.*")}
    assert figures == {".json", ".md", ".tex", ".svg", ".pdf"}
