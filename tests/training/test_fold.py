"""A folded graph gives what the calibration gives, and leaves maps and features alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.bundle.graph import check_graph
from pneumoscope.engine import open_session
from pneumoscope.gate import TrainingDistance
from pneumoscope.graph import FEATURES, IMAGE, MAPS, PROBABILITIES
from pneumoscope.training.calibrate import calibrated
from pneumoscope.training.fold import fold_by_source, fold_calibration
from pneumoscope.training.merge import merge_networks
from pneumoscope.types import SourceCalibration
from tests.conftest import SIDE, brightness_network, bundle_info, picture
from tests.site.conftest import FITTED

IMAGES = np.stack([picture((SIDE, SIDE, 1), seed) // 4 + 12 * seed for seed in range(12)])
SINGLE = brightness_network(unit=4.0).SerializeToString()


def run(network: bytes) -> list[np.ndarray]:
    names = [PROBABILITIES, MAPS, FEATURES]
    return open_session(network, 1).run(names, {IMAGE: IMAGES.astype(np.uint8)})


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("merged") / "model.onnx"
    networks = [brightness_network(unit=unit).SerializeToString() for unit in (4.0, 8.0, 32.0)]
    merge_networks(networks, path)
    return path.read_bytes()


calibrations = st.builds(
    lambda temperature, bias: FITTED.__class__(True, temperature, (0.0, bias), 0.5, 9, 9, {}, {}),
    st.floats(0.02, 50),
    st.floats(-30, 30),
)


def assert_folded(network: bytes, calibration) -> bytes:  # type: ignore[no-untyped-def]
    folded = fold_calibration(network, calibration)
    onnx.checker.check_model(onnx.load_from_string(folded))
    check_graph(Path("model.onnx"), folded, bundle_info())
    before, after = run(network), run(folded)
    wanted = calibrated(before[0].astype(np.float64), calibration)
    np.testing.assert_allclose(after[0], wanted, atol=1e-6)
    assert after[0].dtype == np.float32
    np.testing.assert_array_equal(after[1], before[1])
    np.testing.assert_array_equal(after[2], before[2])
    return folded


@given(calibrations)
def test_a_single_network_is_calibrated(calibration) -> None:  # type: ignore[no-untyped-def]
    assert_folded(SINGLE, calibration)


@given(calibration=calibrations)
def test_an_ensemble_is_calibrated(ensemble: bytes, calibration) -> None:  # type: ignore[no-untyped-def]
    assert_folded(ensemble, calibration)


def test_a_site_bundle_can_be_folded_again() -> None:
    one = FITTED.__class__(True, 2.0, (0.0, 1.5), 0.5, 9, 9, {}, {})
    assert_folded(assert_folded(SINGLE, one), one)


def test_a_network_without_a_number_gives_none() -> None:
    network = brightness_network(unit=np.nan).SerializeToString()
    assert np.isnan(run(fold_calibration(network, FITTED))[0]).all()


def test_each_image_has_the_calibration_of_the_source_that_it_is_nearest_to() -> None:
    before = run(SINGLE)
    means = before[2][[0, 4, 11]]
    whitening = np.array([[2.0, 0.3], [0.1, 1.0]], np.float32)
    distance = TrainingDistance(means.astype(np.float32), whitening)
    sources = ("dark", "other", "dark")
    by_source = (
        SourceCalibration(("other", "one more"), 2.0, (0.0, 1.5), 9, 9),
        SourceCalibration(("dark",), 0.5, (0.0, -0.5), 9, 9),
    )
    folded = fold_by_source(SINGLE, distance, sources, by_source)
    onnx.checker.check_model(onnx.load_from_string(folded))
    check_graph(Path("model.onnx"), folded, bundle_info())
    after, group = run(folded), distance.measure_groups(before[2]).argmin(axis=1)
    assert {*group} == {0, 1, 2}
    for number, source in enumerate(sources):
        own = next(each for each in by_source if source in each.sources)
        whole = replace(FITTED, temperature=own.temperature, biases=own.biases)
        wanted = calibrated(before[0].astype(np.float64), whole)
        np.testing.assert_allclose(after[0][group == number], wanted[group == number], atol=1e-6)
    np.testing.assert_array_equal(after[1], before[1])
    np.testing.assert_array_equal(after[2], before[2])
    assert_folded(folded, replace(FITTED, temperature=3.0, biases=(0.0, 0.5)))
