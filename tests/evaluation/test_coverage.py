"""The coverage: refusals are counted, and change no other measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pneumoscope.evaluation import evaluate
from pneumoscope.evaluation.coverage import measure_coverage
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import Resampling
from tests.conftest import write_bundle

SCORED = Callable[..., ScoredImages]


def test_accuracy_on_what_is_accepted(make_scored: SCORED) -> None:
    scored = make_scored()
    wrong = scored.predicted != scored.labels
    assert wrong.any()
    coverage = measure_coverage(replace(scored, refused=wrong), Resampling(100, 0))
    assert coverage is not None
    assert coverage.refused == np.count_nonzero(wrong)
    assert coverage.accuracy is not None
    assert coverage.accuracy.value == 1.0
    assert f"{coverage.refused} of 120" in str(coverage)


def test_model_without_a_gate_has_no_coverage(make_scored: SCORED) -> None:
    assert measure_coverage(make_scored(), Resampling(100, 0)) is None


def test_model_that_refuses_everything(make_scored: SCORED) -> None:
    scored = replace(make_scored(), refused=np.ones(120, bool))
    coverage = measure_coverage(scored, Resampling(100, 0))
    assert coverage is not None
    assert (coverage.refused, coverage.accuracy) == (120, None)


@pytest.mark.parametrize("refuses", [False, True])
def test_refused_images_are_measured_all_the_same(
    refuses: bool, phantoms: Path, tmp_path: Path
) -> None:
    # Far darker than any phantom: a gate that refuses them all.
    bundle = write_bundle(tmp_path / "b", usual=-1000 if refuses else None)
    found = evaluate(bundle, phantoms, tmp_path / "out", resamples=100)
    assert found.overall.images == len(found.scored.paths) > 30
    assert bool(found.coverage) == refuses
    assert found.to_dict()["overall"]["estimates"]["accuracy"]["value"] is not None
    if found.coverage:
        assert found.coverage.refused == found.coverage.images
    assert (tmp_path / "out" / "sample_predictions.png").is_file()
