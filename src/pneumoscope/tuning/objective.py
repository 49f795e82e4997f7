"""The figure by which a trial is judged: of validation patients, or of a source left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from pneumoscope.dataset import PreparedSet
from pneumoscope.dataset.sources import leave_out
from pneumoscope.errors import DataError
from pneumoscope.inference import load
from pneumoscope.statistics import FloatArray, auroc, cumulative
from pneumoscope.training.validate import read_images
from pneumoscope.types import ImageRecord, Split

_BATCH = 64
_LEAST = 1e-7  # probability, below which a loss does not grow


@dataclass(frozen=True)
class Objective:
    """What trials are judged by: validation patients, or a source that none is trained on.

    Attributes:
        left_out: the source; empty for the validation patients.
    """

    left_out: str = ""

    @property
    def name(self) -> str:
        """Name of the figure, for a column of a table."""
        return "AUROC" if self.left_out else "log-loss"

    @property
    def words(self) -> str:
        """Name of the figure and of what it is measured on."""
        return f"AUROC on {self.left_out}" if self.left_out else "validation log-loss"

    @property
    def direction(self) -> Literal["minimize", "maximize"]:
        """Direction in which the figure becomes better, as Optuna names it."""
        return "maximize" if self.left_out else "minimize"

    def rank(self, value: float | None) -> float:
        """Gives a place that is lower the better a value is; the last one without a value."""
        if value is None:
            return np.inf
        return -value if self.left_out else value

    def require(self, prepared: PreparedSet) -> None:
        """Checks that the data set can be trained on without the source, and judged on it.

        Raises:
            SettingsError: if it has no such source.
            DataError: if the source has images of one class alone, or the others lack a class.
        """
        if not self.left_out:
            return
        leave_out(prepared, [self.left_out])
        sides = {record.label > 0 for record in _images_of(self.left_out, prepared)}
        if len(sides) < 2:
            raise DataError(
                f"No AUROC can be computed on {self.left_out}: it has one class alone",
                expected="training and validation images of the reference and of another class",
                remedy="Leave another source out",
                code="source-unsuited",
                values={"source": self.left_out},
            )

    def measure(self, bundle: Path, prepared: PreparedSet) -> float:
        """Judges a bundle by its calibrated probabilities; no image of the test split is read.

        Args:
            bundle: the bundle.
            prepared: the data, whose geometry is that of the bundle.

        Raises:
            BundleError: if the bundle cannot be used.
        """
        if self.left_out:
            return source_auroc(bundle, prepared, self.left_out)
        return validation_loss(bundle, prepared)


def validation_loss(bundle: Path, prepared: PreparedSet) -> float:
    """Computes the log-loss of a bundle on the validation split, each patient counting once.

    Returns:
        The mean over patients of the mean loss of their images, in nats.

    Raises:
        BundleError: if the bundle cannot be used.
    """
    records = prepared.images.published(Split.VAL)
    probabilities = _predict(bundle, prepared, records)
    given = probabilities[np.arange(len(records)), [record.label for record in records]]
    return float(np.average(-np.log(np.maximum(given, _LEAST)), weights=_weigh(records)))


def source_auroc(bundle: Path, prepared: PreparedSet, source: str) -> float:
    """Computes the AUROC on the training and validation images of a source, by patient.

    Each patient counts once, divided among the images of it.

    Returns:
        The AUROC of all classes but the reference, in [0, 1].

    Raises:
        BundleError: if the bundle cannot be used.
    """
    records = _images_of(source, prepared)
    score = 1 - _predict(bundle, prepared, records)[:, 0]
    truth = np.array([record.label > 0 for record in records])
    return float(auroc(cumulative(truth, score, _weigh(records)[np.newaxis]))[0])


def _images_of(source: str, prepared: PreparedSet) -> Sequence[ImageRecord]:
    records = prepared.images.records
    return [each for each in records if each.source == source and each.split is not Split.TEST]


def _predict(bundle: Path, prepared: PreparedSet, records: Sequence[ImageRecord]) -> FloatArray:
    images = np.stack(read_images(records, prepared.geometry))
    predictor = load(bundle)
    parts = [
        predictor.probabilities(images[start : start + _BATCH])
        for start in range(0, len(images), _BATCH)
    ]
    return np.concatenate(parts).astype(np.float64)


def _weigh(records: Sequence[ImageRecord]) -> FloatArray:
    """Weighs images so that each patient counts as one."""
    patients = [record.patient for record in records]
    _, patient, counts = np.unique(patients, return_inverse=True, return_counts=True)
    weights: FloatArray = 1 / counts[patient]
    return weights
