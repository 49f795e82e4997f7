"""What a bundle keeps of the data that its network was made with, and nothing of a single image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from pneumoscope.dataset import PreparedSet, SplitSettings, prepare
from pneumoscope.gate.appearance import APPEARANCES
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.types import Geometry, Split
from tests.conftest import SIDE, brightness_network

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def many(phantoms: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedSet:
    """Enough validation images for a gate."""
    out = tmp_path_factory.mktemp("many") / "out"
    return prepare(phantoms, out, geometry=Geometry(SIDE, SIDE), split=SplitSettings(5, 0.6, 0.1))


@pytest.fixture
def network(tmp_path: Path) -> Path:
    onnx.save(brightness_network(), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_levels_are_quantiles_of_validation_distances(many: PreparedSet, network: Path) -> None:
    from pneumoscope.training.export import run_onnx
    from pneumoscope.training.remember import fit_gate_of
    from pneumoscope.training.validate import read_split

    fitted = fit_gate_of(network, many)
    assert fitted is not None
    levels, distances = fitted
    images = np.stack(read_split(many, Split.VAL))
    features = run_onnx(network, images[..., np.newaxis], "features")
    distances = {
        "features": distances["features"].measure(features),
        **{name: distances[name].measure(APPEARANCES[name](images)) for name in APPEARANCES},
    }
    assert set(levels.warn) == set(distances) == set(distances)
    n = len(images)
    assert levels.images == n >= 20
    score = np.sqrt(np.mean([far**2 for far in distances.values()], axis=0))
    assert levels.refuse.distance == pytest.approx(score.max())  # too few for one in a hundred
    assert levels.refuse.share == pytest.approx(1 / (n + 1))
    above = [far > levels.warn[name].distance for name, far in distances.items()]
    assert np.any(above, axis=0).sum() <= 0.05 * (n + 1)


def test_too_few_validation_images(prepared: PreparedSet, network: Path) -> None:
    from pneumoscope.training.remember import fit_gate_of

    assert prepared.count(Split.VAL)["NORMAL"] < 20
    assert fit_gate_of(network, prepared) is None


def test_training_images_and_validation_scores(prepared: PreparedSet) -> None:
    from pneumoscope.training.calibrate import ValidationScores
    from pneumoscope.training.remember import make_reference_of

    training, validation = (prepared.images.published(split) for split in (Split.TRAIN, Split.VAL))
    assert len(validation) >= 10
    score = np.linspace(0.2, 0.9, len(validation))
    scores = ValidationScores.of_one_source(
        np.array([record.label for record in validation]),
        np.stack([1 - score, score], axis=1),
        np.array([record.patient for record in validation]),
    )
    found = make_reference_of(prepared, scores)
    brightness = [
        load_pixels(read_bytes(record.path), prepared.geometry).mean() for record in training
    ]
    bins = found["brightness"]
    assert sum(bins.counts) == len(training)
    assert bins.patients == len({record.patient for record in training})
    assert min(bins.counts) >= 4  # 5 behind each quantile, less one for rounding
    assert min(brightness) < bins.edges[0]  # the extremes, which are single images, are not kept
    assert bins.edges[-1] < max(brightness)
    assert sum(found["score"].counts) == len(validation)
    assert 0.2 < found["score"].edges[0] <= found["score"].edges[-1] < 0.9
