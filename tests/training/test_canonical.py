"""Graphs that compute the same are the same bytes, however a converter named and ordered them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest

from pneumoscope import graph
from pneumoscope.engine import open_session
from pneumoscope.training.canonical import make_canonical
from tests.conftest import SIDE, brightness_network, picture

pytestmark = pytest.mark.keras


def muddled(seed: int) -> onnx.ModelProto:
    """A network whose nodes and constants come in another order, under other names."""
    rng = random.Random(seed)
    network = brightness_network()
    kept = {value.name for value in (*network.graph.input, *network.graph.output)}
    for node in network.graph.node:
        for names in (node.input, node.output):
            names[:] = [name if name in kept else f"{name}__{seed}" for name in names]
        node.name = f"{node.op_type}__{rng.randrange(100)}"
    for constant in network.graph.initializer:
        constant.name = f"{constant.name}__{seed}"
    unused = onnx.helper.make_tensor(f"unused__{seed}", onnx.TensorProto.FLOAT, [], [0.0])
    network.graph.initializer.append(unused)
    for part in (network.graph.node, network.graph.initializer, network.graph.output):
        mixed = rng.sample(list(part), len(part))
        del part[:]
        part.extend(mixed)
    network.graph.name = f"converted {seed}"
    network.graph.value_info.extend(network.graph.output)
    return network


def test_names_and_order_do_not_matter() -> None:
    made = set()
    for seed in range(20):
        network = muddled(seed)
        make_canonical(network.graph)
        onnx.checker.check_model(network)
        made.add(network.SerializeToString())
    assert len(made) == 1


def test_numbers_stay() -> None:
    network = brightness_network()
    images = {graph.IMAGE: picture((2, SIDE, SIDE, 1))}
    names = [value.name for value in network.graph.output]
    before = open_session(network.SerializeToString(), 1).run(names, images)
    make_canonical(network.graph)
    after = open_session(network.SerializeToString(), 1).run(names, images)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_weights_are_another_network() -> None:
    networks = [brightness_network(unit=unit) for unit in (16.0, 17.0)]
    for network in networks:
        make_canonical(network.graph)
    assert networks[0].SerializeToString() != networks[1].SerializeToString()


EXPORT = """
import sys
from pathlib import Path
from pneumoscope.training.architectures import find
from pneumoscope.training.backend import keras
from pneumoscope.training.export import export_onnx
from pneumoscope.types import Geometry

keras.utils.set_random_seed(1)
export_onnx(find("baseline")(Geometry(64, 64), 2), Path(sys.argv[1]))
"""


def test_two_processes_export_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.onnx"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", EXPORT, path], env=environment, check=True)
        made.append(sha256(path.read_bytes()).hexdigest())
    assert made[0] == made[1]
