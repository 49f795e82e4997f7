"""The summaries of the training and validation images that a bundle keeps: gate and reference.

The images are read here, and go as arrays to `gate.fit` and `bundle.reference`, which do not
depend on training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle import bin_by_class, make_reference
from pneumoscope.dataset import PreparedSet
from pneumoscope.gate import (
    Facts,
    Gate,
    GateLevels,
    Judgement,
    TrainingDistance,
    describe_images,
)
from pneumoscope.gate.appearance import Descriptors
from pneumoscope.gate.fit import fit_gate
from pneumoscope.graph import FEATURES
from pneumoscope.imaging import Acquisition, tabulate_pictures
from pneumoscope.imaging.changes import Grey
from pneumoscope.statistics import Bins
from pneumoscope.task import is_positive, positive_score
from pneumoscope.training.calibrate import ValidationScores
from pneumoscope.training.export import run_onnx
from pneumoscope.training.validate import read_split
from pneumoscope.types import Split

Distances = Mapping[str, TrainingDistance]
FittedGate = tuple[GateLevels, dict[str, TrainingDistance]]
"""Levels of a gate, and its distances by kind of descriptor."""


def fit_gate_of(network: Path, prepared: PreparedSet) -> FittedGate | None:
    """Fits the gate of an exported network to the data that it was trained on.

    Args:
        network: the network, as `export_onnx` wrote it.
        prepared: the data, whose images are used unchanged.

    Returns:
        The levels and distances of the gate, as `gate.fit.fit_gate` returns them.
    """
    training, validation = (prepared.images.published(split) for split in (Split.TRAIN, Split.VAL))
    known, other = (_describe(network, prepared, split) for split in (Split.TRAIN, Split.VAL))
    return fit_gate(
        known,
        [(record.source, record.label) for record in training],
        other,
        np.array([record.patient for record in validation], dtype=np.str_),
    )


def judge_validation(
    network: Path, prepared: PreparedSet, levels: GateLevels, distances: Distances
) -> list[Judgement]:
    """Judges the validation images by a gate, as pictures without a header.

    Args:
        network: the network, as `export_onnx` wrote it.
        prepared: the data that it was trained on.
        levels: levels of the gate.
        distances: distances of the gate.
    """

    def features(pixels: Grey) -> NDArray[np.float32]:
        return run_onnx(network, pixels[..., np.newaxis], FEATURES)

    images, geometry = np.stack(read_split(prepared, Split.VAL)), prepared.geometry
    header = Acquisition(geometry.width, geometry.height)
    facts = [Facts(header, pixels, geometry) for pixels in images]
    return Gate(levels, distances, features).judge(facts, features(images))


def make_reference_of(
    prepared: PreparedSet,
    scores: ValidationScores,
    judgements: Sequence[Judgement] = (),
    *,
    by_class: bool = True,
) -> dict[str, Bins]:
    """Sums up the data that a network was trained on, by `bundle.make_reference`.

    Args:
        prepared: the data.
        scores: validation images, with their probabilities after calibration.
        judgements: judgements of the validation images; empty without a gate.
        by_class: True to sum up the scores of each side, too.
    """
    score, patients = positive_score(scores.probabilities), scores.patients
    sides = bin_by_class(score, is_positive(scores.labels), patients) if by_class else {}
    training = prepared.images.published(Split.TRAIN)
    found = make_reference(
        tabulate_pictures([record.path for record in training], prepared.geometry),
        score,
        training_patients=len({record.patient for record in training}),
        validation_patients=len(np.unique(patients)),
        judgements=judgements,
    )
    return {**found, **sides}


def _describe(network: Path, prepared: PreparedSet, split: Split) -> dict[str, Descriptors]:
    images = np.stack(read_split(prepared, split))
    return describe_images(images, run_onnx(network, images[..., np.newaxis], FEATURES))
