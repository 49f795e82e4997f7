"""Counts of patients, and patients whose images are in more than one split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pneumoscope.types import ImageRecord


@dataclass(frozen=True)
class PatientCounts:
    """The known patients of a data set, and the images of unknown ones.

    Attributes:
        known: number of known patients.
        several_images: number of known patients with more than one image.
        unknown_images: number of images whose patient is not known.
        across_splits: images of the patients who are in more than one published split, by patient.
    """

    known: int
    several_images: int
    unknown_images: int
    across_splits: dict[str, tuple[ImageRecord, ...]]


def count_patients(records: Sequence[ImageRecord]) -> PatientCounts:
    """Groups images by patient, and finds the patients who cross published splits."""
    images: dict[str, list[ImageRecord]] = defaultdict(list)
    for record in records:
        if record.patient_known:
            images[record.patient].append(record)
    return PatientCounts(
        known=len(images),
        several_images=sum(len(own) > 1 for own in images.values()),
        unknown_images=sum(not record.patient_known for record in records),
        across_splits={
            patient: tuple(own)
            for patient, own in images.items()
            if len({record.split for record in own}) > 1
        },
    )
