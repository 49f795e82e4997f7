"""Division of a data set into splits, with each patient in one of them alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from pneumoscope.dataset.scan import ImageSet
from pneumoscope.defaults import SPLIT_SEED, TEST_SHARE, VALIDATION_SHARE
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.notices import Notice
from pneumoscope.pseudonym import is_pseudonym
from pneumoscope.types import ImageRecord, Split

Part = TypeVar("Part", bound=Split | int)

# Difference from the fraction asked for above which a notice says so.
_OFF = 0.05


@dataclass(frozen=True)
class SplitSettings:
    """Settings of the division of a data set into splits.

    Attributes:
        seed: seed of the random draw of patients.
        validation_share: fraction of the images outside a published test split that become the
            validation split, as nearly as whole patients allow.
        test_share: fraction of the images that are held out as the test split where none was
            published, as nearly as whole patients allow; 0 for no test split.
    """

    seed: int = SPLIT_SEED
    validation_share: float = VALIDATION_SHARE
    test_share: float = TEST_SHARE

    def __post_init__(self) -> None:
        if not 0 < self.validation_share <= 0.8 - self.test_share <= 0.8:
            raise SettingsError(
                "The fractions of validation and test images leave too little to train on",
                expected="a validation fraction above 0 and a test fraction of 0 or more, at most "
                "0.8 together",
                received=f"{self.validation_share} and {self.test_share}",
                code="out-of-range",
                values={
                    "validation_share": self.validation_share,
                    "test_share": self.test_share,
                },
            )


@dataclass(frozen=True)
class Division:
    """The records of a data set, each with its split, and notices about the division."""

    records: tuple[ImageRecord, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class _Patient:
    """A patient to be put into a split.

    Attributes:
        rank: text by which patients are sorted before the random draw.
        key: patient key.
        stratum: class, source and subgroup of most of the patient's images.
        labels: classes of the patient's images.
        images: number of the patient's images.
    """

    rank: str
    key: str
    stratum: tuple[int, str, str]
    labels: frozenset[int]
    images: int


def divide(images: ImageSet, settings: SplitSettings) -> Division:
    """Puts every patient into exactly one split, with like fractions of classes and subgroups.

    A published test split stays whole: it is the test split, and patients of it are left out of
    the rest. A published validation split is folded into what is trained on, and validation is
    drawn anew. Without a published test split, one is drawn as well.

    Args:
        images: a scanned data set.
        settings: settings of the division.

    Raises:
        DataError: if a class has too few patients for the splits that are to be drawn.
    """
    notices: list[Notice] = []
    test = images.published(Split.TEST)
    pool = tuple(record for record in images.records if record.split is not Split.TEST)
    if folded := len(images.published(Split.VAL)):
        text = (
            f"The published validation split ({folded} images) is folded into the training images, "
            "and validation is drawn from them by patient"
        )
        notices.append(Notice("validation-folded", text, {"images": folded}))
    tested = {record.patient for record in test}
    kept = tuple(record for record in pool if record.patient not in tested)
    if crossing := len(pool) - len(kept):
        text = (
            f"{crossing} training images are left out: their patients are in the published test "
            "split, which stays whole"
        )
        notices.append(Notice("test-patients-left-out", text, {"images": crossing}))
    shares = {Split.VAL: settings.validation_share}
    if not test and settings.test_share:
        shares[Split.TEST] = settings.test_share
    drawn = draw(kept, shares, settings.seed, images.classes)
    notices.extend(_off(drawn, shares))
    records = sorted((*drawn, *test), key=lambda record: str(record.path))
    return Division(tuple(records), tuple(notices))


def draw(
    records: Sequence[ImageRecord],
    shares: Mapping[Split, float],
    seed: int,
    classes: Sequence[str],
) -> list[ImageRecord]:
    """Draws the splits of records; what `shares` leave is the training split.

    Raises:
        DataError: if a class has fewer patients than there are splits.
    """
    wanted = {Split.TRAIN: 1.0 - sum(shares.values()), **shares}
    split_of = assign(records, wanted, seed, classes)
    return [replace(record, split=split_of[record.patient]) for record in records]


def assign(
    records: Sequence[ImageRecord],
    wanted: Mapping[Part, float],
    seed: int,
    classes: Sequence[str],
) -> dict[str, Part]:
    """Puts each patient into one of several parts, with like fractions of classes and subgroups.

    Patients are taken in an order drawn by chance, those of one class, source and subgroup after
    another, and each goes to the part that most lacks images; what a part is left lacking goes on
    to the next subgroup. Before that each class gives a patient to every part, so that a rare one
    is in all of them. The time grows as that of sorting the patients.

    Args:
        records: images of the patients.
        wanted: fraction of the images for each part; they add up to 1.
        seed: seed of the random order.
        classes: class names.

    Returns:
        The part of each patient, by patient key.

    Raises:
        DataError: if a class has fewer patients than there are parts.
    """
    _require_patients(records, classes, len(wanted))
    patients = _patients(records)
    order = [patients[index] for index in np.random.default_rng(seed).permutation(len(patients))]
    part_of = _one_of_each(order, wanted)
    lacking = dict.fromkeys(wanted, 0.0)
    for stratum in sorted({patient.stratum for patient in order}):
        members = [patient for patient in order if patient.stratum == stratum]
        images = sum(patient.images for patient in members)
        for part, share in wanted.items():
            lacking[part] += share * images
        for patient in members:
            if patient.key not in part_of:
                part_of[patient.key] = max(wanted, key=lacking.__getitem__)
            lacking[part_of[patient.key]] -= patient.images
    return part_of


def _one_of_each(order: Sequence[_Patient], parts: Iterable[Part]) -> dict[str, Part]:
    """Gives a patient of each class to every part, the rarest class first."""
    by_class: dict[int, list[_Patient]] = {}
    for patient in order:
        for label in patient.labels:
            by_class.setdefault(label, []).append(patient)
    part_of: dict[str, Part] = {}
    for members in sorted(by_class.values(), key=len):
        has = {part_of[patient.key] for patient in members if patient.key in part_of}
        free = (patient.key for patient in members if patient.key not in part_of)
        lacking = [part for part in parts if part not in has]
        part_of.update(dict(zip(list(free), lacking, strict=False)))
    return part_of


def _patients(records: Sequence[ImageRecord]) -> list[_Patient]:
    """Lists the patients in an order that is the same for every user and order of the records.

    Patients are sorted by their keys, except those whose keys are keyed hashes, which differ from
    user to user: these are sorted by the first of their paths.
    """
    by_key: dict[str, list[ImageRecord]] = {}
    for record in sorted(records, key=lambda record: str(record.path)):
        by_key.setdefault(record.patient, []).append(record)
    found = []
    same: dict[frozenset[int], frozenset[int]] = {}  # one object for all patients of like labels
    for number, (key, images) in enumerate(by_key.items()):
        strata = [(record.label, record.source, record.subgroup) for record in images]
        labels = frozenset(label for label, *_ in strata)
        rank = f"{number:09d}" if is_pseudonym(key) else key
        most = max((strata.count(stratum), stratum) for stratum in set(strata))[1]
        found.append(_Patient(rank, key, most, same.setdefault(labels, labels), len(images)))
    return sorted(found, key=lambda patient: patient.rank)


def _off(drawn: Sequence[ImageRecord], shares: dict[Split, float]) -> Iterator[Notice]:
    """Makes notices of fractions that whole patients do not allow."""
    counts = Counter(record.split for record in drawn)
    for split, wanted in shares.items():
        share = counts[split] / len(drawn)
        if abs(share - wanted) > _OFF:
            text = (
                f"The {split} split has {share:.0%} of the images, not {wanted:.0%}: whole "
                "patients, and one of each class in every split, do not allow it"
            )
            yield Notice(
                "share-not-met", text, {"split": str(split), "share": share, "wanted": wanted}
            )


def _require_patients(records: Sequence[ImageRecord], classes: Sequence[str], least: int) -> None:
    patients = _patients_per_class(records)
    for label, name in enumerate(classes):
        if patients[label] < least:
            raise DataError(
                f"Class {name!r} has too few patients to be split",
                expected="at least one for each split",
                received=f"{patients[label]}",
                remedy="Add images of other patients, or correct the name of the class",
                code="too-few-patients",
                values={"class": name, "expected": least, "received": patients[label]},
            )


def _patients_per_class(records: Sequence[ImageRecord]) -> Counter[int]:
    return Counter(label for label, _ in {(record.label, record.patient) for record in records})
