"""The summaries of the training and validation images that a bundle keeps: gate and reference.

The images are read here, and go as arrays to `gate.fit` and `bundle.reference`, which do not
depend on training.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pneumoscope.bundle import make_reference
from pneumoscope.dataset import PreparedSet
from pneumoscope.gate import GateLevels, TrainingDistance, describe_images
from pneumoscope.gate.appearance import Descriptors
from pneumoscope.gate.fit import fit_gate
from pneumoscope.graph import FEATURES
from pneumoscope.imaging import tabulate_pictures
from pneumoscope.statistics import Bins
from pneumoscope.task import positive_score
from pneumoscope.training.calibrate import ValidationScores
from pneumoscope.training.export import run_onnx
from pneumoscope.training.validate import read_split
from pneumoscope.types import Split


def fit_gate_of(
    network: Path, prepared: PreparedSet
) -> tuple[GateLevels, dict[str, TrainingDistance]] | None:
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
        np.array([record.label for record in training], dtype=np.int64),
        other,
        np.array([record.patient for record in validation], dtype=np.str_),
    )


def make_reference_of(prepared: PreparedSet, scores: ValidationScores) -> dict[str, Bins]:
    """Sums up the data that a network was trained on, by `bundle.make_reference`.

    Args:
        prepared: the data.
        scores: validation images, with their probabilities after calibration.
    """
    training = prepared.images.published(Split.TRAIN)
    return make_reference(
        tabulate_pictures([record.path for record in training], prepared.geometry),
        positive_score(scores.probabilities),
        training_patients=len({record.patient for record in training}),
        validation_patients=len(np.unique(scores.patients)),
    )


def _describe(network: Path, prepared: PreparedSet, split: Split) -> dict[str, Descriptors]:
    images = np.stack(read_split(prepared, split))
    return describe_images(images, run_onnx(network, images[..., np.newaxis], FEATURES))
