"""The ensemble of several runs: one bundle that averages the probabilities of theirs.

See `docs/adr/0026-ensembles.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pneumoscope.bundle import (
    Bundle,
    BundleInfo,
    Seen,
    new_bundle,
    read_bundle,
    write_gate,
    write_reference,
)
from pneumoscope.dataset import PreparedSet
from pneumoscope.dataset.sources import count_sources
from pneumoscope.errors import storage_errors
from pneumoscope.gate import Judgement
from pneumoscope.notices import Notice
from pneumoscope.run import TrainingSettings
from pneumoscope.statistics import StrArray
from pneumoscope.training.calibrate import (
    ValidationScores,
    describe_calibration,
    even_prevalence,
    tell_not_calibrated,
)
from pneumoscope.training.card import model_card
from pneumoscope.training.merge import merge_networks
from pneumoscope.training.remember import judge_validation, make_reference_of
from pneumoscope.training.thresholds import choose_points
from pneumoscope.training.validate import Exported, score_validation
from pneumoscope.types import Calibration, OperatingPoint, Split

_BATCH = 16
_APART = Notice(
    "thresholds-of-members",
    "Thresholds and measures of calibration are those of single members, each on its own "
    "validation images: every image has been in the training of another member",
    {},
)

Scores = tuple[ValidationScores, ValidationScores]
"""Scores of validation images; and of these and their changed copies together."""


@dataclass(frozen=True)
class Member:
    """A finished run of an ensemble.

    Attributes:
        run: the run folder.
        prepared: the data that it was trained and chosen on.
    """

    run: Path
    prepared: PreparedSet


def write_ensemble(
    root: Path,
    members: Sequence[Member],
    whole: PreparedSet,
    *,
    settings: TrainingSettings,
    command: str,
) -> Path:
    """Writes the bundle of the mean of several runs.

    Its thresholds are chosen on the validation images, by the probabilities of the ensemble where
    all members have the same ones. Where they differ, as between folds, each image has been in the
    training of other members: there each member scores its own validation images, and these scores
    are pooled, each patient once.

    Args:
        root: the folder that holds the runs; the bundle is `bundle` in it.
        members: two or more runs of one architecture, image size and classes.
        whole: the images that any member was trained or chosen on, in the splits to be told.
        settings: settings of all of it, with the seed of the bootstrap behind the intervals.
        command: command that repeats all of it.

    Returns:
        Folder of the bundle.

    Raises:
        BundleError: if the bundle of a member cannot be used.
        StorageError: if the bundle cannot be written.
    """
    bundles = [read_bundle(member.run) for member in members]
    target = root / "bundle"
    work_folder = TemporaryDirectory(prefix=".", suffix=".part", dir=root)
    with storage_errors("write", target), work_folder as work:
        merged = Path(work, "model.onnx")
        merge_networks([bundle.network for bundle in bundles], merged)
        common = len({member.prepared.fingerprint for member in members}) == 1
        scores, changed = (
            score_validation(Exported(merged), members[0].prepared, _BATCH)
            if common
            else _score_apart(members, bundles)
        )
        calibration, points = _calibrate(bundles, scores, changed, settings.seed)
        if not common:
            calibration = replace(calibration, notices=(*calibration.notices, _APART))
        info = replace(
            _describe(root, members, bundles[0].info, whole),
            command=command,
            settings={
                **bundles[0].info.settings,
                "limit": settings.limit,
                "preset": settings.preset,
            },
            calibration=calibration,
            operating_points=points,
        )
        with new_bundle(target, info) as folder:
            merged.rename(folder / merged.name)
            Seen.of(whole.fingerprint, whole.images.records, whole.images.patient_key).write(folder)
            distances = bundles[0].distances()
            judged: Sequence[Judgement] = ()
            if info.gate:
                write_gate(folder, distances)
            if info.gate and common:  # otherwise other members were trained on these images
                own = members[0].prepared
                judged = judge_validation(folder / merged.name, own, info.gate, distances)
            found = make_reference_of(whole, scores, judged, by_class=common)
            write_reference(folder, found)
            (folder / "MODEL_CARD.md").write_text(model_card(info), encoding="utf-8")
    return target


def _score_apart(members: Sequence[Member], bundles: Sequence[Bundle]) -> Scores:
    """Scores the validation images of each member by this member alone, each patient once."""
    own = (
        score_validation(Exported(bundle.network), member.prepared, _BATCH)
        for member, bundle in zip(members, bundles, strict=True)
    )
    plain, changed = zip(*_each_patient_once(own), strict=True)
    return ValidationScores.pool(plain), ValidationScores.pool(changed)


def _each_patient_once(scored: Iterable[Scores]) -> Iterator[Scores]:
    """Leaves out patients that have come before: they count with the first member."""
    known: StrArray = np.array([], np.str_)
    for plain, changed in scored:
        plain, changed = (each.pick(~np.isin(each.patients, known)) for each in (plain, changed))
        yield plain, changed
        known = np.union1d(known, plain.patients)


def _calibrate(
    bundles: Sequence[Bundle], scores: ValidationScores, changed: ValidationScores, seed: int
) -> tuple[Calibration, tuple[OperatingPoint, ...]]:
    """Describes the mean of calibrated probabilities, and chooses its thresholds.

    The mean is not calibrated anew, so that the ensemble gives the mean of its members.
    """
    points, notices = choose_points(scores, changed, seed=seed)
    described = describe_calibration(scores, 1.0, (0.0,) * scores.probabilities.shape[1])
    calibrations = [bundle.info.calibration for bundle in bundles]
    if any(calibration and calibration.by_source for calibration in calibrations):
        described = replace(described, prevalence=even_prevalence(len(bundles[0].info.classes)))
    if all(calibration and calibration.fitted for calibration in calibrations):
        return replace(described, notices=notices), points
    doubt = tell_not_calibrated("not all members of the ensemble are")
    return replace(described, fitted=False, notices=(doubt, *notices)), points


def _describe(
    root: Path, members: Sequence[Member], first: BundleInfo, whole: PreparedSet
) -> BundleInfo:
    """Describes what an ensemble has in common with its first member, and its data."""
    data = {
        **first.training_data,
        "fingerprint": whole.fingerprint,
        "images": {split.value: whole.count(split) for split in Split},
        "sources": count_sources(whole),
    }
    return replace(
        first,
        name=root.resolve().name,
        training_data=data,
        metrics={},
        members=tuple(member.run.name for member in members),
    )
