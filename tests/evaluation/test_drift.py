"""The drift of images from those of the training, with and without a summary of these."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumoscope.bundle import new_bundle, write_reference
from pneumoscope.dataset import scan
from pneumoscope.evaluation import evaluate
from pneumoscope.evaluation.drift import measure_drift
from pneumoscope.gate import Judgement
from pneumoscope.imaging import tabulate_pictures
from pneumoscope.monitor.drift import NOT_DIVIDED
from pneumoscope.notices import Notice
from pneumoscope.statistics import Bins
from pneumoscope.types import Geometry
from tests.conftest import SIDE, bundle_info, write_bundle

FACTS = {"brightness", "contrast", "dark", "light", "black", "sharpness"}


@pytest.fixture
def trained(phantoms: Path, tmp_path: Path) -> Path:
    """A bundle with a summary of the phantoms as its training images."""
    plain = write_bundle(tmp_path / "plain")
    paths = [record.path for record in scan(phantoms).records]
    columns = tabulate_pictures(paths, Geometry(SIDE, SIDE))
    columns["score"] = evaluate(plain, phantoms, resamples=100).scored.score
    found = {name: Bins.of(values, 36) for name, values in columns.items()}
    with new_bundle(tmp_path / "trained", bundle_info()) as folder:
        for name in ("model.onnx", "seen.json"):
            (folder / name).write_bytes((plain / name).read_bytes())
        write_reference(folder, {name: bins for name, bins in found.items() if bins})
    return tmp_path / "trained"


def test_the_training_images_themselves_have_not_drifted(trained: Path, phantoms: Path) -> None:
    drift = evaluate(trained, phantoms, resamples=100).drift
    assert set(drift.shifts) == FACTS | {"score"}
    for name in ("brightness", "contrast", "sharpness", "score"):
        shift = drift.shifts[name]
        assert shift is not None
        assert shift.psi == pytest.approx(0, abs=1e-9)
        assert shift.ks == pytest.approx(0, abs=1e-9)


def test_undecided_images_are_not_refused_by_the_gate(trained: Path, phantoms: Path) -> None:
    scored = evaluate(trained, phantoms, resamples=100).scored
    bins = {
        "distance": Bins.of(np.linspace(0.5, 1.5, len(scored.labels)), 36),
        "refused": Bins.of_kind(np.zeros(len(scored.labels), np.bool_), 36),
    }
    undecided = Judgement((Notice("undecided", "too close to the threshold"),), (), 1.0)
    refused = Judgement((Notice("unlike-training", "too far"), *undecided.reasons), (), 2.0)

    class Fitted:
        def reference(self) -> dict[str, Bins | None]:
            return bins

    def psi(judgement: Judgement) -> float:
        judged = replace(scored, judgements=(judgement,) * len(scored.labels))
        shift = measure_drift(Fitted(), {}, judged).shifts["refused"]
        assert shift is not None
        return shift.psi

    assert psi(undecided) == pytest.approx(0, abs=1e-9)
    assert psi(refused) > 1


def test_brighter_images_have_drifted(trained: Path, phantoms: Path, tmp_path: Path) -> None:
    brighter = tmp_path / "brighter"
    for path in phantoms.rglob("*.png"):
        target = brighter / path.relative_to(phantoms)
        target.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.asarray(Image.open(path)).astype(np.int16)
        Image.fromarray(np.clip(pixels + 60, 0, 255).astype(np.uint8)).save(target)
    found = evaluate(trained, brighter, resamples=100)
    for name in ("brightness", "score"):
        shift = found.drift.shifts[name]
        assert shift is not None
        assert shift.reading == "large"
        assert shift.ks > 0.8
    saved = json.loads(json.dumps(found.to_dict()))["drift"]
    assert saved["missing"] is None
    assert saved["quantities"]["brightness"]["reading"] == "large"


def test_a_bundle_without_summary_says_so(bundle: Path, phantoms: Path) -> None:
    drift = evaluate(bundle, phantoms, resamples=100).drift
    assert drift.to_dict() == {"missing": drift.missing.to_dict(), "quantities": {}}
    assert "no summary of its training images" in drift.missing.text


def test_a_quantity_that_could_not_be_divided(
    class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    with new_bundle(tmp_path / "b", bundle_info()) as folder:
        plain = write_bundle(tmp_path / "plain")
        for name in ("model.onnx", "seen.json"):
            (folder / name).write_bytes((plain / name).read_bytes())
        write_reference(folder, {"brightness": Bins((128.0,), (8, 8), 16)})
    drift = evaluate(tmp_path / "b", class_folders(NORMAL=4, PNEUMONIA=4), resamples=100).drift
    assert drift.shifts["brightness"] is not None
    assert drift.shifts["black"] is None


def test_nothing_that_could_be_divided(class_folders: Callable[..., Path], tmp_path: Path) -> None:
    with new_bundle(tmp_path / "b", bundle_info()) as folder:
        plain = write_bundle(tmp_path / "plain")
        for name in ("model.onnx", "seen.json"):
            (folder / name).write_bytes((plain / name).read_bytes())
        write_reference(folder, {})
    drift = evaluate(tmp_path / "b", class_folders(NORMAL=4, PNEUMONIA=4), resamples=100).drift
    assert (drift.missing.text, drift.shifts) == (NOT_DIVIDED, {})
