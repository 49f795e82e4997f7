"""The gate is fitted to training images, and its levels to validation images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from pneumoscope.dataset import PreparedSet, SplitSettings, prepare
from pneumoscope.imaging import APPEARANCES
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
    from pneumoscope.training.gate import fit_gate
    from pneumoscope.training.validate import read_split

    fitted = fit_gate(network, many)
    assert fitted is not None
    levels, familiarities = fitted
    images = np.stack(read_split(many, Split.VAL))
    features = run_onnx(network, images[..., np.newaxis], "features")
    distances = {
        "features": familiarities["features"].distances(features),
        **{name: familiarities[name].distances(APPEARANCES[name](images)) for name in APPEARANCES},
    }
    assert set(levels.warn) == set(familiarities) == set(distances)
    n = len(images)
    assert levels.images == n >= 20
    assert levels.refuse.distance == distances["features"].max()  # too few for one in a hundred
    assert levels.refuse.share == pytest.approx(1 / (n + 1))
    above = [far > levels.warn[name].distance for name, far in distances.items()]
    assert np.any(above, axis=0).sum() <= 0.05 * (n + 1)
    assert levels.warn["features"].distance <= levels.refuse.distance


def test_too_few_validation_images(prepared: PreparedSet, network: Path) -> None:
    from pneumoscope.training.gate import describe_gate, fit_gate

    assert prepared.count(Split.VAL)["NORMAL"] < 20
    assert fit_gate(network, prepared) is None
    assert "refuse nothing" in describe_gate(None)


def test_training_images_lie_at_about_one() -> None:
    from pneumoscope.training.gate import fit_familiarity

    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(6, 6))
    labels = np.repeat([0, 1], 2000)
    features = rng.normal(size=(4000, 6)) @ mixing + 9 * labels[:, np.newaxis]
    familiarity = fit_familiarity(features.astype(np.float32), labels)
    assert familiarity is not None
    assert np.mean(familiarity.distances(features) ** 2) == pytest.approx(1, abs=0.1)
    between = features[labels == 0].mean(axis=0) + 4.5  # no class is there
    assert familiarity.distances(between[np.newaxis])[0] > 1


def test_distance_does_not_depend_on_units() -> None:
    from pneumoscope.training.gate import fit_familiarity

    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4))
    labels = np.repeat([0, 1, 2], 100)
    units = np.array([1, 0.2, 4, 0.5])
    plain, scaled = (
        fit_familiarity(each.astype(np.float32), labels) for each in (features, features * units)
    )
    assert plain is not None
    assert scaled is not None
    far = plain.distances(features)
    assert scaled.distances(features * units) == pytest.approx(far, rel=1e-3)


@pytest.mark.parametrize("features", [np.ones((40, 3)), np.full((40, 3), np.nan)])
def test_features_without_spread_make_no_distance(features: np.ndarray) -> None:
    from pneumoscope.training.gate import fit_familiarity

    labels = np.repeat([0, 1], 20)
    assert fit_familiarity(features.astype(np.float32), labels) is None


def test_feature_that_never_varies_tells_nothing() -> None:
    from pneumoscope.training.gate import fit_familiarity

    features = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    features[:, 1] = 0
    familiarity = fit_familiarity(features, np.repeat([0, 1], 200))
    assert familiarity is not None
    assert np.isfinite(familiarity.distances(features)).all()
