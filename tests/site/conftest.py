"""Local images whose brightness tells the class, and models that score them by it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pneumoscope.types import Calibration
from tests.conftest import SIDE, encoded

Make = Callable[..., Path]

FITTED = Calibration(True, 1.0, (0.0, 0.0), 0.5, 100, 90, {}, {})


def picture_of(brightness: float, rng: np.random.Generator) -> np.ndarray:
    """Makes a picture of that mean brightness, which no other has byte for byte."""
    noise = rng.normal(brightness, 12, (SIDE, SIDE))
    return np.clip(noise - noise.mean() + brightness, 0, 255).astype(np.uint8)


@pytest.fixture
def local(tmp_path: Path) -> Make:
    """Makes labelled images: so many of each class, their logits about `apart` on either side."""

    def make(
        name: str = "local",
        normal: int = 30,
        pneumonia: int = 30,
        centre: float = 128,
        apart: float = 10,
        seed: int = 0,
    ) -> Path:
        rng = np.random.default_rng(seed)
        for folder, count, side in (("NORMAL", normal, -1), ("PNEUMONIA", pneumonia, 1)):
            (tmp_path / name / folder).mkdir(parents=True)
            for number in range(count):
                image = picture_of(rng.normal(centre + side * apart, 14), rng)
                path = tmp_path / name / folder / f"{folder[0]}{seed}x{number}.png"
                path.write_bytes(encoded(image))
        return tmp_path / name

    return make
