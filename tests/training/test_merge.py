"""The merge of networks gives the mean of their probabilities and maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from pneumoscope.engine import open_session
from pneumoscope.graph import FEATURES, IMAGE, MAPS, PROBABILITIES
from tests.conftest import SIDE, brightness_network, picture

pytestmark = pytest.mark.keras


def test_mean_of_probabilities_and_maps_and_features_of_the_first(tmp_path: Path) -> None:
    from pneumoscope.training.merge import merge_networks

    networks = [brightness_network(unit=unit) for unit in (4.0, 64.0, 16.0)]
    members = [network.SerializeToString() for network in networks]
    merge_networks(members, tmp_path / "model.onnx")
    onnx.checker.check_model(tmp_path / "model.onnx")
    images = np.stack([picture((SIDE, SIDE, 1), seed) for seed in range(3)]) // 4 + 90

    def run(network: bytes | Path) -> list[np.ndarray]:
        names = [PROBABILITIES, MAPS, FEATURES]
        return open_session(network, 1).run(names, {IMAGE: images.astype(np.uint8)})

    probabilities, maps, features = run(tmp_path / "model.onnx")
    each = [run(member) for member in members]
    assert np.ptp([found[0] for found in each], axis=0).max() > 0.01
    np.testing.assert_allclose(probabilities, np.mean([f[0] for f in each], axis=0), atol=1e-6)
    np.testing.assert_allclose(maps, np.mean([f[1] for f in each], axis=0), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(features, each[0][2])
