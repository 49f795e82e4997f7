"""A bundle with a reference, counts that fit it, and images that do or do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumoscope.bundle import make_reference, new_bundle, read_bundle, write_gate, write_reference
from pneumoscope.gate import TrainingDistance
from pneumoscope.imaging import Acquisition, tabulate_pixels
from pneumoscope.inference import Predictor
from pneumoscope.inference.images import ReadImage
from pneumoscope.monitor.basis import Basis
from tests.cli.conftest import run as run
from tests.conftest import GATE_LEVELS, SIDE, bundle_info, write_bundle

IMAGES = 300


def films(count: int, seed: int, brighter: float = 0.0) -> np.ndarray:
    """Makes pictures of about one brightness, uint8 of shape (n, SIDE, SIDE)."""
    rng = np.random.default_rng(seed)
    means = rng.normal(128 + brighter, 12, (count, 1, 1))
    return np.clip(means + rng.normal(0, 20, (count, SIDE, SIDE)), 1, 254).astype(np.uint8)


def save(films: np.ndarray, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, film in enumerate(films):
        Image.fromarray(film).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose reference is of `films`, with distances and refusals."""
    root = tmp_path_factory.mktemp("monitored")
    plain = write_bundle(root / "plain", usual=128, name="monitored")
    pixels = films(IMAGES, seed=1)
    judged = list(Predictor(read_bundle(plain)).judge_many(_shown(pixels)))
    with new_bundle(root / "bundle", bundle_info(gate=GATE_LEVELS, name="monitored")) as folder:
        for name in ("model.onnx", "seen.json", "MODEL_CARD.md"):
            (folder / name).write_bytes((plain / name).read_bytes())
        means = np.zeros((1, 2), np.float32)
        write_gate(folder, {"features": TrainingDistance(means, np.eye(2, dtype=np.float32))})
        made = make_reference(
            tabulate_pixels(pixels),
            np.array([float(each.probabilities[1]) for each in judged]),
            training_patients=IMAGES,
            validation_patients=IMAGES,
            judgements=[each.judgement for each in judged],
        )
        write_reference(folder, made)
    return root / "bundle"


@pytest.fixture(scope="session")
def basis(monitored: Path) -> Basis:
    return Basis.of(read_bundle(monitored))


def _shown(pixels: np.ndarray) -> list[ReadImage]:
    return [ReadImage(str(n), Acquisition(SIDE, SIDE), film) for n, film in enumerate(pixels)]
