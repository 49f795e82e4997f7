"""Patients to splits: nobody stands on both sides of a comparison."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pneumoscope.dataset.pseudonym import is_pseudonym
from pneumoscope.dataset.scan import ImageSet
from pneumoscope.errors import DataError, SettingsError, extra_needed
from pneumoscope.types import ImageRecord, Split

# Shares are met to the nearest 1/20 where there are patients enough.
_MOST_FOLDS = 20


@dataclass(frozen=True)
class SplitSettings:
    """How a data set is divided.

    Attributes:
        seed: of the draw.
        validation_share: of the images that may be trained on, as nearly as whole patients allow.
        test_share: likewise, held out for evaluation where no test split was published; at 0
            nothing is.
    """

    seed: int = 1
    validation_share: float = 0.15
    test_share: float = 0.15

    def __post_init__(self) -> None:
        if not 0 < self.validation_share <= 0.8 - self.test_share <= 0.8:
            raise SettingsError(
                "The shares leave too little to train on",
                expected="a validation share above 0 and a test share of 0 or more, at most 0.8 "
                "together",
                received=f"{self.validation_share} and {self.test_share}",
            )


@dataclass(frozen=True)
class Division:
    """The records, each with its split, and what a person should know about it."""

    records: tuple[ImageRecord, ...]
    notices: tuple[str, ...]


def divide(images: ImageSet, settings: SplitSettings) -> Division:
    """Puts every patient into exactly one split, alike in classes and subgroups.

    A published test split stays whole: it is the test split, and patients of it are left out of
    the rest. A published validation split is folded into what is trained on, and validation is
    drawn anew. Without a published test split, one is drawn as well.

    Args:
        images: a scanned data set.
        settings: the shares and the seed.

    Raises:
        DataError: if a class has too few patients for the splits that are to be drawn.
    """
    notices: list[str] = []
    test = images.published(Split.TEST)
    pool = tuple(record for record in images.records if record.split is not Split.TEST)
    if folded := len(images.published(Split.VAL)):
        notices.append(
            f"The published validation split ({folded} images) is folded into the training images, "
            "and validation is drawn from them by patient"
        )
    tested = {record.patient for record in test}
    kept = tuple(record for record in pool if record.patient not in tested)
    if len(kept) < len(pool):
        notices.append(
            f"{len(pool) - len(kept)} training images are left out: their patients are in the "
            "published test split, which stays whole"
        )
    shares = {Split.VAL: settings.validation_share}
    if not test and settings.test_share:
        shares[Split.TEST] = settings.test_share
    drawn = _draw(kept, shares, settings.seed, images.classes)
    records = sorted((*drawn, *test), key=lambda record: str(record.path))
    return Division(tuple(records), tuple(notices))


def _draw(
    records: Sequence[ImageRecord], shares: dict[Split, float], seed: int, classes: Sequence[str]
) -> list[ImageRecord]:
    _require_patients(records, classes, len(shares) + 1)
    folds = _folds(records, min(_MOST_FOLDS, *_patients_per_class(records).values()), seed)
    count = int(folds.max()) + 1
    splits = [Split.TRAIN] * count
    start = 0
    for split, share in shares.items():
        stop = start + max(1, round(share * count))
        splits[start:stop] = [split] * (stop - start)
        start = stop
    drawn = [
        replace(record, split=splits[fold]) for record, fold in zip(records, folds, strict=True)
    ]
    for split in (Split.TRAIN, *shares):
        _require_patients([record for record in drawn if record.split is split], classes, 1)
    return drawn


def _require_patients(records: Sequence[ImageRecord], classes: Sequence[str], least: int) -> None:
    patients = _patients_per_class(records)
    for label, name in enumerate(classes):
        if patients[label] < least:
            raise DataError(
                f"Class {name!r} has too few patients to be split",
                expected="at least one for each split",
                received=f"{patients[label]}",
                remedy="Add images of other patients, or correct the name of the class",
            )


def _patients_per_class(records: Sequence[ImageRecord]) -> Counter[int]:
    return Counter(label for label, _ in {(record.label, record.patient) for record in records})


def _folds(records: Sequence[ImageRecord], count: int, seed: int) -> NDArray[np.int64]:
    """The fold of each record, int64 (n,): whole patients, alike in classes and subgroups."""
    with extra_needed("evaluate", "Dividing patients"):
        from sklearn.model_selection import StratifiedGroupKFold  # takes a second to import

    strata = [f"{record.label} {record.subgroup}" for record in records]
    # The draw goes by the order of the keys: that of pseudonyms must not differ from user to user.
    order: dict[str, int] = {}
    patients = [
        f"{order.setdefault(record.patient, len(order)):09d}"
        if is_pseudonym(record.patient)
        else record.patient
        for record in records
    ]
    folds = np.zeros(len(records), dtype=np.int64)
    splitter = StratifiedGroupKFold(n_splits=count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A subgroup with fewer members than there are folds is spread as far as it goes.
        warnings.filterwarnings("ignore", message="The least populated class")
        for number, (_, members) in enumerate(splitter.split(strata, strata, patients)):
            folds[members] = number
    return folds
