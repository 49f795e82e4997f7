"""The network of an untrusted bundle is checked before ONNX Runtime loads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from pneumoscope.bundle import graph, messages, read_bundle
from pneumoscope.bundle.graph import check_graph
from pneumoscope.errors import BundleCorruptError, BundleError
from pneumoscope.inference import load
from pneumoscope.shipped.models import find, names
from tests.conftest import GATE_LEVELS, SIDE, brightness_network, bundle_info, write_bundle
from tests.test_bundle_hostile import sign

INNER = helper.make_graph([], "inner", [], [])
FAR = numpy_helper.from_array(np.zeros((2, 2), np.float32), "far")


def check(network: onnx.ModelProto, **info: object) -> None:
    check_graph(Path("model.onnx"), network.SerializeToString(), bundle_info(**info))


def far() -> TensorProto:
    """Makes a constant that lies in another file."""
    tensor = TensorProto()
    tensor.CopyFrom(FAR)
    onnx.external_data_helper.set_external_data(tensor, "/etc/passwd")
    tensor.ClearField("raw_data")
    return tensor


def hold(network: onnx.ModelProto, **attribute: object) -> None:
    network.graph.node.append(helper.make_node("If", ["image"], ["x"], **attribute))


def other_type(network: onnx.ModelProto) -> None:
    network.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def other_size(network: onnx.ModelProto) -> None:
    network.graph.input[0].type.tensor_type.shape.dim[1].dim_value = SIDE + 1


def more_classes(network: onnx.ModelProto) -> None:
    network.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 3


def any_classes(network: onnx.ModelProto) -> None:
    network.graph.output[0].type.tensor_type.shape.dim[1].dim_param = "c"


def claim(network: onnx.ModelProto, *dims: int) -> None:
    network.graph.initializer[0].dims[:] = dims


def sparse(network: onnx.ModelProto) -> None:
    network.graph.sparse_initializer.add().values.CopyFrom(far())


def located(network: onnx.ModelProto) -> None:
    network.graph.initializer[0].data_location = TensorProto.EXTERNAL


HOSTILE: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "graph": (lambda x: hold(x, then_branch=INNER), "operator that holds a graph"),
    "graphs": (lambda x: hold(x, branches=[INNER]), "operator that holds graphs"),
    "domain": (
        lambda x: x.graph.node.append(helper.make_node("Py", ["image"], ["x"], domain="com.ms")),
        "the operator Py of com.ms",
    ),
    "function": (
        lambda x: x.functions.append(
            helper.make_function("", "f", [], [], [], [helper.make_opsetid("", 17)])
        ),
        "functions",
    ),
    "training": (lambda x: x.training_info.add(), "steps of training"),
    "external constant": (lambda x: x.graph.initializer.append(far()), "in another file"),
    "external location": (located, "in another file"),
    "external attribute": (lambda x: hold(x, value=far()), "in another file"),
    "external attributes": (lambda x: hold(x, value=[far()]), "in another file"),
    "sparse constant": (sparse, "sparse constants"),
    "constant of text": (
        lambda x: x.graph.initializer.append(helper.make_tensor("t", TensorProto.STRING, [1], "a")),
        "constants of text",
    ),
    "no input": (lambda x: x.graph.ClearField("input"), "inputs or outputs image"),
    "another input": (
        lambda x: x.graph.input.add(name="more", type=x.graph.input[0].type),
        "Received image, more",
    ),
    "no probabilities": (lambda x: x.graph.output.pop(0), "inputs or outputs probabilities"),
    "another output": (
        lambda x: x.graph.output.add(name="more", type=x.graph.output[0].type),
        "more",
    ),
    "one output twice": (lambda x: x.graph.output.append(x.graph.output[0]), "probabilities"),
    "type": (other_type, r"Received image float32 \(any, 32, 32, 1\)"),
    "size": (other_size, r"Received image uint8 \(any, 33, 32, 1\)"),
    "classes": (more_classes, r"Expected probabilities float32 \(any, 2\)"),
    "unknown classes": (any_classes, r"Received probabilities float32 \(any, any\)"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_graph_that_this_package_does_not_export(name: str) -> None:
    change, message = HOSTILE[name]
    network = brightness_network()
    check(network)
    change(network)
    with pytest.raises(BundleError, match=message):
        check(network)


NONSENSE: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "nothing": (lambda x: x.Clear(), "graph is not there"),
    "not in the file": (lambda x: claim(x, 2**40), "a constant of shape"),
    "negative": (lambda x: claim(x, -1, 4), "a constant of shape"),
    "too many dimensions": (lambda x: claim(x, *[1] * 9), "a constant of shape"),
    "no shape": (
        lambda x: x.graph.output[0].type.tensor_type.ClearField("shape"),
        "shape is not there",
    ),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_malformed_graph(name: str) -> None:
    change, message = NONSENSE[name]
    network = brightness_network()
    change(network)
    with pytest.raises(BundleCorruptError, match=message):
        check(network)


def test_gate_needs_features() -> None:
    network = brightness_network()
    network.graph.output.pop()
    check(network)
    with pytest.raises(BundleError, match="features"):
        check(network, gate=GATE_LEVELS)


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = len(brightness_network().graph.node) + 8  # name, inputs, outputs and constants
    monkeypatch.setattr(messages, "_MOST_FIELDS", fields)
    check(brightness_network())
    monkeypatch.setattr(messages, "_MOST_FIELDS", fields - 1)
    with pytest.raises(BundleCorruptError, match=f"more than {fields - 1} fields"):
        check(brightness_network())
    monkeypatch.undo()
    monkeypatch.setattr(graph, "_MOST_STRUCTURE", 10)
    with pytest.raises(BundleCorruptError, match="bytes of operators"):
        check(brightness_network())


def test_cut_off_anywhere() -> None:
    data = brightness_network().SerializeToString()
    for length in range(len(data)):
        with pytest.raises(BundleError):
            check_graph(Path("model.onnx"), data[:length], bundle_info())


def test_two_graphs_that_protobuf_would_merge() -> None:
    data = brightness_network().SerializeToString()
    with pytest.raises(BundleCorruptError, match="graph is there more than once"):
        check_graph(Path("model.onnx"), data + data, bundle_info())


def test_every_reader_refuses_the_bundle(tmp_path: Path) -> None:
    root = write_bundle(tmp_path / "b")
    network = brightness_network()
    hold(network, then_branch=INNER)
    onnx.save(network, root / "model.onnx")
    sign(root)
    for use in (read_bundle, load):
        with pytest.raises(BundleError, match=r"b/model\.onnx is no network of Pneumoscope"):
            use(root)


@pytest.mark.parametrize("name", names())
def test_networks_that_ship_are_accepted(name: str) -> None:
    assert read_bundle(find(name)).network
