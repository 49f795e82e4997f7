"""What a bundle remembers of its training images for drift: how facts and scores are spread."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from pneumoscope.bundle.layout import REFERENCE
from pneumoscope.statistics import Bins, FloatArray


def make_reference(
    facts: Mapping[str, FloatArray],
    scores: FloatArray,
    *,
    training_patients: int,
    validation_patients: int,
) -> dict[str, Bins]:
    """Sums up the facts of the training images and the scores of the validation images.

    Scores of training images would be those of images learnt by heart.

    Args:
        facts: of n training images, by name, each of shape (n,).
        scores: of m validation images as the bundle gives them, shape (m,), in [0, 1].
        training_patients: number of patients of the training images.
        validation_patients: number of patients of the validation images.

    Returns:
        Bins by name of an image fact, and of "score", the probability of the positive side;
        without what is too few or too much alike to be divided.
    """
    found = {name: Bins.of(values, training_patients) for name, values in facts.items()}
    found["score"] = Bins.of(scores, validation_patients)
    return {name: bins for name, bins in found.items() if bins is not None}


def write_reference(folder: Path, reference: Mapping[str, Bins]) -> None:
    """Writes what `Bundle.reference` reads into a bundle that is being made."""
    content = {name: asdict(bins) for name, bins in reference.items()}
    (folder / REFERENCE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def parse_reference(data: bytes) -> dict[str, Bins]:
    """Reads what `write_reference` wrote.

    Raises:
        Exception: of any kind, if it makes no sense.
    """
    return {
        name: Bins(
            edges=tuple(map(float, bins["edges"])),
            counts=tuple(map(int, bins["counts"])),
            patients=int(bins["patients"]),
        )
        for name, bins in json.loads(data).items()
    }
