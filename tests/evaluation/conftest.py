"""Synthetic scores with several images per patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.imaging import Acquisition
from pneumoscope.types import Geometry, ImageRecord

NAMES = {
    2: ("Normal", "Pneumonia"),
    3: ("Normal", "Bacterial", "Viral"),
    4: ("Normal", "COVID-19", "Lung_Opacity", "Viral Pneumonia"),
}


def scored_images(
    n: int = 120,
    patients: int = 60,
    *,
    classes: int = 2,
    distance: float = 2.4,
    threshold: float = 0.5,
    seed: int = 0,
) -> ScoredImages:
    """Images whose patients, not only themselves, are easy or hard.

    `distance` is that between the classes, in standard deviations. Patients are of one class;
    in the last class the odd ones are viral, the even ones bacterial.
    """
    rng = np.random.default_rng(seed)
    patient = np.arange(n) % patients
    labels = (patient % classes).astype(np.int64)
    ease = rng.normal(0, 0.7, patients)[patient] + rng.normal(0, 0.7, n)
    score = 1 / (1 + np.exp(-1.6 * (distance * ((labels > 0) - 0.5) + ease)))
    share = rng.dirichlet(np.ones(classes - 1), n) + 2.0 * np.eye(classes)[labels][:, 1:]
    share /= share.sum(axis=1, keepdims=True)
    kind = np.where(patient // classes % 2, "viral", "bacterial")
    return ScoredImages(
        classes=NAMES[classes],
        labels=labels,
        probabilities=np.column_stack([1 - score, score[:, None] * share]),
        patients=np.array([f"patient{k}" for k in patient]),
        subgroups=np.where(labels == classes - 1, kind, ""),
        paths=tuple(f"image{i}.png" for i in range(n)),
        threshold=threshold,
    )


@pytest.fixture(scope="session")
def make_scored() -> Callable[..., ScoredImages]:
    return scored_images


def cohort_of(pixels: np.ndarray, records: Sequence[ImageRecord] = ()) -> Cohort:
    """Images of these pixels, uint8 (n, h, w); by turns of either class, each its own patient."""
    n, height, width = pixels.shape
    records = records or [ImageRecord(Path(f"{i}.png"), i % 2, f"{i}") for i in range(n)]
    return Cohort(
        data=Path("data"),
        classes=NAMES[2],
        records=tuple(records),
        pixels={Geometry(height, width): pixels},
        acquisitions=(Acquisition(width, height),) * n,
    )
