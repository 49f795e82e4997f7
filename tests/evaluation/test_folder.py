"""Results of another model or other data are not written over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pneumoscope.errors import SettingsError
from pneumoscope.evaluation import compare, evaluate
from pneumoscope.evaluation.faithfulness import check_heatmaps
from pneumoscope.evaluation.folder import require_own
from pneumoscope.evaluation.stress import stress
from tests.conftest import write_bundle


def test_other_results_are_not_written_over(bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    other = write_bundle(tmp_path / "other", name="other")
    out = tmp_path / "out"
    evaluate(bundle, phantoms, out, resamples=100)
    evaluate(bundle, phantoms, out, resamples=100)  # the same again
    before = (out / "metrics.json").read_bytes()
    with pytest.raises(SettingsError, match="holds other results"):
        evaluate(other, phantoms, out, resamples=100)
    assert (out / "metrics.json").read_bytes() == before
    compare([bundle, other], phantoms, out, resamples=100)  # another command: beside it
    with pytest.raises(SettingsError, match="holds other results"):
        compare([other, bundle], phantoms, out, resamples=100)
    stress([bundle], phantoms, out, resamples=100)
    with pytest.raises(SettingsError, match="holds other results"):
        stress([other], phantoms, out, resamples=100)
    check_heatmaps(bundle, phantoms, out, images=4, resamples=100)
    with pytest.raises(SettingsError, match="holds other results"):
        check_heatmaps(other, phantoms, out, images=4, resamples=100)


def test_other_data_is_other(tmp_path: Path) -> None:
    content = {"model": {"name": "a"}, "data": "one"}
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    require_own(tmp_path, "metrics.json", ["a"], Path("one"))
    require_own(None, "metrics.json", ["a"], Path("two"))
    with pytest.raises(SettingsError, match=r"Expected a on two\. Received a on one"):
        require_own(tmp_path, "metrics.json", ["a"], Path("two"))
    (tmp_path / "metrics.json").write_text("[]")
    require_own(tmp_path, "metrics.json", ["a"], Path("two"))
