"""The reference for drift in a bundle: distributions of image facts, scores and judgements."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pneumoscope.bundle.layout import REFERENCE
from pneumoscope.gate import Judgement
from pneumoscope.statistics import Bins, BoolArray, FloatArray, StrArray

SCORE, DISTANCE, REFUSED = "score", "distance", "refused"
"""Names of the quantities of the validation images: "refused" is 1 for a refused one, else 0."""

NEGATIVE, POSITIVE = "score:negative", "score:positive"
"""Names of the scores of the validation images of each side."""

FEWEST_OF_A_SIDE = 25
"""Number of images of a side below which its scores are not kept: five between two quintiles."""

_FEWEST_EDGES = 2  # of three bins: with two, any distribution is some mixture of two others

REASON, WARNING = "reason:", "warning:"
"""Beginnings of the names of what is 1 for an image with a reason or a warning, else 0."""


def make_reference(
    facts: Mapping[str, FloatArray],
    scores: FloatArray,
    *,
    training_patients: int,
    validation_patients: int,
    judgements: Sequence[Judgement] = (),
) -> dict[str, Bins]:
    """Sums up the facts of the training images, and what the validation images were given.

    Scores of training images would be too extreme, as the network was fitted to them, and their
    distances too small.

    Args:
        facts: facts of n training images by name, each of shape (n,).
        scores: scores of m validation images as the bundle gives them, shape (m,), in [0, 1].
        training_patients: number of patients of the training images.
        validation_patients: number of patients of the validation images.
        judgements: judgement of the gate on each validation image; empty without a gate.

    Returns:
        Bins by name of an image fact; of "score", the probability of the positive side; and if
        there is a gate of "distance", "refused", and of the code of each reason and warning that
        was given, after `REASON` and `WARNING`. Quantities of too few or too similar values to be
        binned are left out.
    """
    found = {name: Bins.of(values, training_patients) for name, values in facts.items()}
    found[SCORE] = Bins.of(scores, validation_patients)
    if judgements:
        known = [each.distance for each in judgements if each.distance is not None]
        found[DISTANCE] = Bins.of(np.array(known), min(validation_patients, max(len(known), 1)))
        codes = [_codes_of(each) for each in judgements]
        for code in (REFUSED, *sorted(set().union(*codes) - {REFUSED})):
            given = np.array([code in each for each in codes])
            found[code] = Bins.of_kind(given, validation_patients)
    return {name: bins for name, bins in found.items() if bins is not None}


def bin_by_class(scores: FloatArray, positive: BoolArray, patients: StrArray) -> dict[str, Bins]:
    """Counts the scores of the images of each side in common bins.

    Their edges are the quintiles of both sides, so that each side is divided wherever it lies.

    Args:
        scores: scores of m images as the bundle gives them, shape (m,), in [0, 1].
        positive: True for each positive image, shape (m,).
        patients: key of the patient of each image, shape (m,).

    Returns:
        Bins of `NEGATIVE` and `POSITIVE`; none with fewer than `FEWEST_OF_A_SIDE` images of a side,
        or where nearly all scores are the same.
    """
    sides = {NEGATIVE: ~positive, POSITIVE: positive}
    if min(side.sum() for side in sides.values()) < FEWEST_OF_A_SIDE:
        return {}
    quintiles = np.concatenate(
        [np.quantile(scores[s], (0.2, 0.4, 0.6, 0.8)) for s in sides.values()]
    )
    edges = tuple(sorted({float(f"{edge:.6g}") for edge in quintiles}))
    if len(edges) < _FEWEST_EDGES:
        return {}
    return {
        name: Bins.at(edges, scores[side], len(np.unique(patients[side])))
        for name, side in sides.items()
    }


def _codes_of(judgement: Judgement) -> set[str]:
    reasons = {f"{REASON}{reason.code}" for reason in judgement.reasons}
    warnings = {f"{WARNING}{warning.code}" for warning in judgement.warnings}
    return reasons | warnings | ({REFUSED} if reasons else set())


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
