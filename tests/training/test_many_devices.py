"""One training on many devices or in two processes gives what one device gives.

The devices are pretended ones of this computer, the hosts are processes on loopback.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import pneumoscope
from pneumoscope.dataset import PreparedSet
from pneumoscope.errors import PeerError, SettingsError
from pneumoscope.run import Observer
from pneumoscope.team import Placement
from pneumoscope.training.checkpoint import Checkpoint
from pneumoscope.training.distribute import choose_devices, on_devices, together
from pneumoscope.types import Split

pytestmark = pytest.mark.keras

needs_jax = pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")

LIMIT = 280.0
EPOCHS = 3
BATCH = 8  # the last batch of an epoch is smaller, and odd


def command(prepared: PreparedSet, *options: str) -> list[str]:
    """A training of a network with dropout, under augmentation, with averaged weights."""
    settings = ["--arch", "baseline", "--image-size", "32", "--batch-size", f"{BATCH}"]
    settings += ["--precision", "float32", "--augmentation", "--averaging", "0.9"]
    # Adam divides by the size of gradients, so that a high rate makes much of their last digits.
    settings += ["--patience", "0", "--epochs", f"{EPOCHS}", "--learning-rate", "0.0001"]
    return ["train", str(prepared.root), *settings, *options]


@contextmanager
def started(*arguments: str, devices: int = 1) -> Iterator[subprocess.Popen[str]]:
    """Starts the command line with Keras on JAX, and so many pretended devices."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "pneumoscope", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(*arguments: str, devices: int = 1) -> str:
    """Runs the command line to its end; returns what it printed for people."""
    with started(*arguments, devices=devices) as process:
        _, printed = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, printed
    return printed


def fail(*arguments: str, devices: int = 1) -> str:
    """Runs the command line to the error that it must end with."""
    with started(*arguments, devices=devices) as process:
        _, printed = process.communicate(timeout=LIMIT)
    assert process.returncode == 2, printed
    assert "Traceback" not in printed
    return printed


def free_hosts() -> str:
    """Two addresses on loopback."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        return ",".join(f"127.0.0.1:{one.getsockname()[1]}" for one in sockets)


def together_in_two(*arguments: str, output: Path) -> None:
    """Trains in two processes, of which rank 0 writes."""
    hosts = free_hosts()
    with started(*arguments, "--hosts", hosts, "--rank", "1") as other:
        run(*arguments, "--output", str(output), "--hosts", hosts, "--rank", "0")
        _, printed = other.communicate(timeout=LIMIT)
    assert other.returncode == 0, printed
    assert "Rank 1 has ended; rank 0 writes the run folder" in printed


def history(root: Path) -> dict[str, list[float]]:
    with (root / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in ("loss", "val_loss")}


def assert_same(root: Path, other: Path, prepared: PreparedSet) -> None:
    """The losses agree within 1e-4, relatively, and the probabilities within 1e-3."""
    expected = history(other)
    for name, losses in history(root).items():
        assert len(losses) == EPOCHS
        np.testing.assert_allclose(losses, expected[name], rtol=1e-4)
    images = [str(record.path) for record in prepared.images.published(Split.TEST)]
    probabilities = [
        [prediction.probability for prediction in pneumoscope.predict(folder, images, gate=False)]
        for folder in (root, other)
    ]
    np.testing.assert_allclose(*probabilities, atol=1e-3)


@pytest.fixture(scope="module")
def single(prepared: PreparedSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of one device, of four as in the others: their number changes how XLA rounds."""
    output = tmp_path_factory.mktemp("runs") / "single"
    run(*command(prepared), "--output", str(output), devices=4)
    return output


@needs_jax
def test_four_devices_give_what_one_gives(
    prepared: PreparedSet, single: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    run(*command(prepared), "--devices", "all", "--output", str(output), devices=4)
    assert_same(output, single, prepared)
    environment = json.loads((output / "environment.json").read_text())
    assert environment["devices"] == [f"cpu:{number}" for number in range(4)]
    assert environment["processes"] == 1


@needs_jax
@pytest.mark.slow
def test_two_devices_of_four_give_what_one_gives(
    prepared: PreparedSet, single: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    run(*command(prepared), "--devices", "2", "--output", str(output), devices=4)
    assert_same(output, single, prepared)


@needs_jax
@pytest.mark.slow
def test_batch_normalisation_is_over_the_whole_batch(prepared: PreparedSet, tmp_path: Path) -> None:
    outputs = [tmp_path / f"{devices}" for devices in (1, 4)]
    for output in outputs:
        options = ["--devices", output.name, "--output", str(output), "--arch", "residual"]
        run(*command(prepared), *options, devices=4)
    assert_same(outputs[1], outputs[0], prepared)


@needs_jax
def test_two_processes_give_what_one_gives(
    prepared: PreparedSet, single: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    together_in_two(*command(prepared), output=output)
    assert_same(output, single, prepared)
    environment = (output / "environment.json").read_text()
    assert json.loads(environment)["processes"] == 2
    for file in output.rglob("*.json"):
        assert "127.0.0.1" not in file.read_text(), "an address of a host is in the run folder"


@needs_jax
@pytest.mark.parametrize("killed", [1, pytest.param(0, marks=pytest.mark.slow)])
def test_killed_process_ends_the_other_and_the_run_is_resumed(
    prepared: PreparedSet, tmp_path: Path, killed: int
) -> None:
    whole, output, hosts = tmp_path / "whole", tmp_path / "run", free_hosts()
    arguments = [*command(prepared), "--epochs", "40"]
    run(*arguments, "--output", str(whole))
    common = [*arguments, "--output", str(output), "--hosts", hosts]
    with started(*common, "--rank", "1") as one, started(*common, "--rank", "0") as zero:
        processes = [zero, one]
        until = time.monotonic() + LIMIT
        while not (output / "checkpoint" / "progress.json").is_file():
            assert time.monotonic() < until
            time.sleep(0.1)
        processes[killed].send_signal(signal.SIGKILL)
        _, printed = processes[1 - killed].communicate(timeout=60)
    left = processes[1 - killed].returncode
    if killed == 1:
        assert left == PeerError.exit_code, printed
        assert "Error: Rank 1 is lost" in printed
    else:  # JAX may be faster than we are
        assert left in (PeerError.exit_code, -signal.SIGABRT), printed
        assert "Rank 0 is lost" in printed or "another task died" in printed
    before = len(history(output)["loss"])
    run("train", "--resume", str(output))
    undisturbed, resumed = history(whole), history(output)
    for name, losses in resumed.items():
        assert len(losses) == len(undisturbed[name])
        # Later, two processes that round in another order differ more, interrupted or not.
        early = slice(before + EPOCHS)
        np.testing.assert_allclose(losses[early], undisturbed[name][early], rtol=1e-3)


@needs_jax
def test_more_devices_than_there_are_are_refused_with_a_list(
    prepared: PreparedSet, tmp_path: Path
) -> None:
    output = str(tmp_path / "run")
    printed = fail(*command(prepared), "--devices", "3", "--output", output, devices=2)
    assert "Expected --devices of at most 2: cpu:0, cpu:1. Received 3" in printed


@needs_jax
@pytest.mark.slow
def test_batch_that_cannot_be_divided_is_refused(prepared: PreparedSet, tmp_path: Path) -> None:
    output = str(tmp_path / "run")
    printed = fail(*command(prepared), "--devices", "3", "--output", output, devices=3)
    assert "Expected --batch-size as a multiple of 3. Received 8" in printed


@needs_jax
@pytest.mark.slow
def test_other_settings_of_a_rank_are_named(prepared: PreparedSet, tmp_path: Path) -> None:
    hosts = free_hosts()
    options = [*command(prepared), "--hosts", hosts]
    with started(*options, "--rank", "1", "--seed", "9") as other:
        printed = fail(*options, "--rank", "0", "--output", str(tmp_path / "run"))
        _, told = other.communicate(timeout=LIMIT)
    assert "seed is 42 in rank 0 and 9 in rank 1" in printed
    assert other.returncode == PeerError.exit_code
    assert "Rank 0 is lost" in told


def test_other_backend_is_refused(prepared: PreparedSet, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Expected KERAS_BACKEND=jax") as caught:
        pneumoscope.train(prepared.root, tmp_path / "run", placement=Placement(devices=2))
    assert caught.value.code == "backend-unsuited"


def test_nothing_is_distributed_on_one_device() -> None:
    with together(Placement(), Observer()) as team, on_devices(choose_devices(Placement(), 7)):
        assert team.rank == 0


def test_rank_that_assists_writes_nothing(prepared: PreparedSet, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, 0, keep_last=True, writes=False)
    checkpoint.on_epoch_end(0, {"loss": 2.0, "val_loss": 1.0})
    assert checkpoint.epochs == 1
    assert not list(tmp_path.iterdir())
