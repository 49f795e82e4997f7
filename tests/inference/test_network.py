"""Outputs of a network are checked against their declared types, shapes and ranges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from pneumoscope.errors import BundleError
from pneumoscope.imaging import Source
from pneumoscope.inference import Predictor, load
from tests.conftest import SIDE, brightness_network, encoded, picture, write_bundle
from tests.test_bundle_hostile import sign

PIXELS = picture((3, SIDE, SIDE))


def instead(tmp_path: Path, output: str, kind: str, *constants: np.ndarray) -> Predictor:
    """Writes a model with one more operator behind an output."""
    root = write_bundle(tmp_path / "b", usual=128)
    network = brightness_network()
    for node in network.graph.node:
        for names in (node.input, node.output):
            names[:] = [f"{name}_before" if name == output else name for name in names]
    names = [f"constant_{number}" for number in range(len(constants))]
    network.graph.node.append(helper.make_node(kind, [f"{output}_before", *names], [output]))
    network.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in zip(names, constants, strict=True)
    )
    onnx.save(network, root / "model.onnx")
    sign(root)
    return load(root, threads=1)


WRONG = {
    "sum of 258": ("Add", np.array([0, 257], np.float32)),
    "below 0": ("Add", np.array([-1, 1], np.float32)),
    "sum of 0.9": ("Mul", np.array([0.9], np.float32)),
    "infinite": ("Add", np.array([-np.inf, np.inf], np.float32)),
}


@pytest.mark.parametrize("name", WRONG)
def test_probabilities_that_are_none(name: str, tmp_path: Path) -> None:
    kind, constant = WRONG[name]
    predictor = instead(tmp_path, "probabilities", kind, constant)
    with pytest.raises(BundleError, match=r"gives probabilities that are not valid.*add up to 1"):
        predictor.probabilities(PIXELS)


def test_rounding_is_no_error(tmp_path: Path) -> None:
    predictor = instead(tmp_path, "probabilities", "Mul", np.array([1 + 1e-5], np.float32))
    assert predictor.probabilities(PIXELS).shape == (3, 2)


RESHAPED = {
    "probabilities": [1, -1],
    "class_activation_maps": [-1, 2, 16],
    "features": [1, -1],
}


@pytest.mark.parametrize("output", RESHAPED)
def test_shape_that_was_not_promised(output: str, tmp_path: Path) -> None:
    predictor = instead(tmp_path, output, "Reshape", np.array(RESHAPED[output], np.int64))
    with pytest.raises(BundleError, match=f"gives {output} that are not valid"):
        _use_all_outputs(predictor)


def _use_all_outputs(predictor: Predictor) -> None:
    list(predictor.predict_many([Source("noise", encoded(PIXELS[0]))] * 3))
    predictor.activation_maps(PIXELS)


def test_network_that_fails_on_an_image(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    predictor = instead(tmp_path, "probabilities", "Reshape", np.array([-1, 7], np.int64))
    with pytest.raises(BundleError, match="ONNX Runtime cannot run"):
        predictor.probabilities(PIXELS)
    assert capfd.readouterr() == ("", "")


def test_session_does_not_fall_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot run"):
        instead(tmp_path, "probabilities", "NoSuchOperator")
    assert capsys.readouterr().out == ""
