"""The reference for drift in a bundle: distributions of image facts and scores."""

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

    Scores of training images would be too extreme, as the network was fitted to them.

    Args:
        facts: facts of n training images by name, each of shape (n,).
        scores: scores of m validation images as the bundle gives them, shape (m,), in [0, 1].
        training_patients: number of patients of the training images.
        validation_patients: number of patients of the validation images.

    Returns:
        Bins by name of an image fact, and of "score", the probability of the positive side;
        without quantities of too few or too similar values to be binned.
    """
    found = {name: Bins.of(values, training_patients) for name, values in facts.items()}
    found["score"] = Bins.of(scores, validation_patients)
    return {name: bins for name, bins in found.items() if bins is not None}


def write_reference(folder: Path, reference: Mapping[str, Bins]) -> None:
    """Writes the file that `Bundle.reference` reads into a bundle that is being made."""
    content = {name: asdict(bins) for name, bins in reference.items()}
    (folder / REFERENCE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def parse_reference(data: bytes) -> dict[str, Bins]:
    """Parses the file that `write_reference` wrote.

    Raises:
        Exception: of any kind, if it is malformed.
    """
    return {
        name: Bins(
            edges=tuple(map(float, bins["edges"])),
            counts=tuple(map(int, bins["counts"])),
            patients=int(bins["patients"]),
        )
        for name, bins in json.loads(data).items()
    }
