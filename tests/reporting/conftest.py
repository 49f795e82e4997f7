"""Fixtures of the report's tests: a run folder that needed no training, and its page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pneumoscope.reporting import Report, report
from pneumoscope.run import Run, TrainingSettings
from pneumoscope.types import Calibration, Estimate, OperatingPoint
from tests.conftest import write_bundle
from tests.pages import Reader, require_sound

HISTORY = (
    "epoch,accuracy,loss,val_accuracy,val_loss\n"
    "1,0.5,0.7,0.5,0.69\n2,0.6,0.6,0.55,0.6\n3,0.8,0.4,0.75,0.5\n"
)
CALIBRATION = Calibration(
    fitted=True,
    temperature=1.5,
    biases=(0.0, 0.1),
    prevalence=0.5,
    images=40,
    patients=20,
    before={"log_loss": 0.5, "brier": 0.2, "ece": 0.1},
    after={"log_loss": 0.4, "brier": 0.15, "ece": 0.05},
)
POINTS = (
    OperatingPoint("balanced", 0.5, Estimate(0.7, 0.6, 0.8), Estimate(0.6, 0.5, 0.7)),
    OperatingPoint("screening", 0.1),
)

MakeRun = Callable[..., Path]
MakePage = Callable[..., tuple[Report, Reader]]


def write_run(root: Path, data: Path, history: str = HISTORY, **changes: object) -> Path:
    """Writes a run folder around `brightness_network`, which does not record held-out images."""
    settings = {"epochs": 3, "patience": 0, **changes.get("settings", {})}
    write_bundle(
        root / "bundle",
        **{
            "metrics": {"epoch": 3, "val_loss": 0.5, "val_accuracy": 0.75},
            "calibration": CALIBRATION,
            "operating_points": POINTS,
            **changes,
            "settings": settings,
        },
    )
    Run(root, data, TrainingSettings(**settings), epochs=settings["epochs"]).save()
    if history:
        (root / "history.csv").write_text(history)
    return root


@pytest.fixture
def page() -> MakePage:
    """Makes a report with few resamples, and reads its page."""

    def make(run: Path, data: Path | None = None, **options: object) -> tuple[Report, Reader]:
        found = report(run, data, resamples=100, **options)
        return found, require_sound(found.page.read_text("utf-8"))

    return make
