"""The plan of a synthetic data set: the patient and the place of each image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, cycle, islice, repeat

import numpy as np

from pneumoscope.dataset.phantom.patient import Pattern, PhantomPatient, sample_patient
from pneumoscope.dataset.phantom.settings import Layout, PhantomSettings
from pneumoscope.types import Split

_TEST_FRACTION, _VAL_FRACTION = 0.2, 0.1


@dataclass(frozen=True)
class Shot:
    """One image of the plan.

    Attributes:
        patient: patient whom the image shows.
        index: number of the image among those of the patient, from 1.
        number: number of the patient under whom it is filed; another one for a duplicate.
        split: split in which it is filed; None without splits.
    """

    patient: PhantomPatient
    index: int
    number: int
    split: Split | None


def plan(settings: PhantomSettings) -> list[Shot]:
    """Plans all images of a data set, with the planted leakage and duplicates."""
    shots: list[Shot] = []
    leaks_left = settings.leaking_patients
    for number, (pattern, split) in enumerate(_cast(settings), start=1):
        rng = np.random.default_rng([settings.seed, number])
        patient = sample_patient(rng, number, pattern, settings.lesion_strength)
        count = int(rng.integers(*settings.images_per_patient, endpoint=True))
        leaks = split is Split.TRAIN and leaks_left > 0
        leaks_left -= leaks
        own = [Shot(patient, 1 + i, number, split) for i in range(max(count, 1 + leaks))]
        shots += [*own[:-1], replace(own[-1], split=Split.TEST) if leaks else own[-1]]
    sources = [shot for shot in shots if shot.index == 1 and shot.split in (None, Split.TRAIN)]
    copies = enumerate(sources[: settings.duplicates], start=settings.patients + 1)
    return shots + [
        replace(shot, number=number, split=shot.split and Split.TEST) for number, shot in copies
    ]


def _cast(settings: PhantomSettings) -> list[tuple[Pattern, Split | None]]:
    """Chooses the pattern and the split of each patient, in random order."""
    sick = cycle((Pattern.CONSOLIDATION, Pattern.INTERSTITIAL))
    cast: list[tuple[Pattern, Split | None]] = []
    for patterns, size in (
        (sick, settings.pneumonia_patients),
        (repeat(Pattern.NONE), settings.patients - settings.pneumonia_patients),
    ):
        test, val = (max(1, round(part * size)) for part in (_TEST_FRACTION, _VAL_FRACTION))

        splits = chain(repeat(Split.TEST, test), repeat(Split.VAL, val), repeat(Split.TRAIN))
        places = splits if settings.layout is Layout.SPLITS else repeat(None)
        cast += islice(zip(patterns, places, strict=False), size)
    order = np.random.default_rng(settings.seed).permutation(len(cast))
    return [cast[index] for index in order]
