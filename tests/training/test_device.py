"""The device of a training on one: chosen by name or kind, used, and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pneumoscope.dataset import PreparedSet
from pneumoscope.errors import SettingsError
from pneumoscope.run import Precision, TrainingSettings
from pneumoscope.team import Placement
from pneumoscope.training import device, train

pytestmark = pytest.mark.keras

THERE = ["gpu:0", "gpu:1", "gpu:11", "cpu:0"]


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [("", "gpu:0"), ("gpu", "gpu:0"), ("gpu:1", "gpu:1"), ("cpu", "cpu:0"), ("cpu:0", "cpu:0")],
)
def test_device_is_chosen(wanted: str, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "list_devices", lambda: THERE)
    assert device.choose_device(wanted) == chosen


@pytest.mark.parametrize("wanted", ["tpu", "gpu:2", "g", "cuda:0", ":"])
def test_device_that_is_not_there_is_refused(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "list_devices", lambda: THERE)
    with pytest.raises(SettingsError, match="gpu:0 or gpu:1 or gpu:11 or cpu:0") as caught:
        device.choose_device(wanted)
    assert caught.value.values["setting"] == "device"


def test_a_processor_is_always_there() -> None:
    assert "cpu:0" in device.list_devices()
    assert device.model_of("cpu:0") == ""


def test_run_folder_tells_the_device(prepared: PreparedSet, tmp_path: Path) -> None:
    settings = TrainingSettings(
        "baseline", image_size=32, epochs=1, batch_size=16, precision=Precision.FLOAT32
    )
    train(prepared.root, tmp_path / "run", settings, placement=Placement(device="cpu"))
    told = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert (told["devices"], told["device_model"], told["processes"]) == (["cpu:0"], "", 1)
