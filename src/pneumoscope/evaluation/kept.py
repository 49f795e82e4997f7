"""Scores that were kept in a scored folder: what an evaluation is made of, without the images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pneumoscope.bundle import SCORE, Seen
from pneumoscope.dataset.patients import patients_by_file
from pneumoscope.dataset.placeholder import says_nobody
from pneumoscope.errors import DataError
from pneumoscope.evaluation.classes import number_classes
from pneumoscope.evaluation.cohort import Measured, doubt_keys
from pneumoscope.evaluation.overtime.joined import join, nothing_joined
from pneumoscope.evaluation.overtime.labels import LaterLabel, read_labels
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.gate import TITLES, Judgement
from pneumoscope.inference import Predictor
from pneumoscope.monitor.predictions import UNDECIDED, SavedPrediction
from pneumoscope.notices import Notice
from pneumoscope.pseudonym import pseudonym
from pneumoscope.scored.plan import Plan, read_plan, require_model
from pneumoscope.scored.schema import FACTS, GROUPS
from pneumoscope.scored.shards import read_table
from pneumoscope.statistics import FloatArray, Resampling, StrArray
from pneumoscope.task import positive_score
from pneumoscope.types import Status

if TYPE_CHECKING:
    import pyarrow as pa

_IDENTITY = ("path", "sha256", "duplicate_of", "patient", "true_label", "status")
_COLUMNS = (
    *_IDENTITY,
    *("error", "error_code", "probabilities", "reason_codes", "warning_codes", "distance"),
    SCORE,
    *FACTS,
    *GROUPS,
)


@dataclass(frozen=True, eq=False)
class KeptScores:
    """The labelled, unseen images of a scored folder.

    Attributes:
        cohort: the folder, and what was left out of it.
        scored: the n images with their scores, in the order of their paths.
        facts: facts of the images by name, float64 of shape (n,).
    """

    cohort: Measured
    scored: ScoredImages
    facts: Mapping[str, FloatArray]


@dataclass
class _Sorted:
    """What becomes of the rows of a scored folder, as they are looked at.

    Attributes:
        kept: numbers of the rows to measure on.
        unlabelled: number of images without a true label.
        seen: number of images that the model has seen, or others of their patients.
        copies: number of kept images that are exact copies of another image.
        strangers: number of kept images whose patient is not known.
        unreadable: reason why an image has no score, for each such image.
    """

    kept: list[int] = field(default_factory=list)
    unlabelled: int = 0
    seen: int = 0
    copies: int = 0
    strangers: int = 0
    unreadable: list[Notice] = field(default_factory=list)


def read_kept(
    folder: Path,
    predictor: Predictor,
    resampling: Resampling,
    *,
    labels: Path | None = None,
) -> KeptScores:
    """Reads the scores of a folder, as if its images had just been scored.

    What the model has seen is left out, as it is of images; an exact copy of another image counts
    as one more image, as it does there.

    Args:
        folder: the scored folder.
        predictor: the model that made the scores, at the operating point to evaluate.
        resampling: resamples of the patients.
        labels: CSV of true labels, as of `read_labels`; by default those that the folder has.

    Raises:
        BundleError: if labels are none of the classes of the model.
        DataError: if the folder is damaged, was scored by another model, or has no labelled image
            that the model has not seen.
        StorageError: if it cannot be read.
    """
    plan = read_plan(folder)
    require_model(folder, plan, predictor.bundle)
    table = read_table(folder, _COLUMNS)
    if labels is not None:
        table = _label(table, labels)
    seen = predictor.bundle.seen()
    found = _sort(table, seen)
    if found.unlabelled == len(table):
        raise _without_labels(folder)
    cohort = Measured(
        data=folder,
        resampling=resampling,
        seen=found.seen,
        unreadable=tuple(found.unreadable),
        notices=(
            *_notices(plan, found, len(table)),
            *doubt_keys(folder, plan.key_fingerprint, [seen]),
        ),
    )
    cohort.require_images(len(found.kept))
    rows = table.take(found.kept).sort_by("path")
    scored = _score(rows, plan, predictor, labels or folder)
    return KeptScores(cohort, scored, {name: _numbers(rows, name) for name in FACTS})


def _label(table: pa.Table, labels: Path) -> pa.Table:
    """Puts labels, and patients where they name them, in the place of those of the folder."""
    given = read_labels(labels)
    paths = table["path"].to_pylist()
    images = (SavedPrediction(path, Status.ACCEPTED, None) for path in paths)
    joined = join(images, given, labels.parent)
    if not joined.pairs:
        raise nothing_joined(labels, joined, given)
    by_path = {image.path: label for image, label in joined.pairs}
    found = [by_path.get(path) for path in paths]
    names = [label and label.class_name for label in found]
    patients = [
        _patient(label) or before
        for label, before in zip(found, table["patient"].to_pylist(), strict=True)
    ]
    for name, values in (("true_label", names), ("patient", patients)):
        table = table.set_column(table.column_names.index(name), name, [values])
    return table


def _patient(label: LaterLabel | None) -> str:
    known = label is not None and label.patient and not says_nobody(label.patient)
    return pseudonym(label.patient) if label and known else ""


def _sort(table: pa.Table, seen: Seen) -> _Sorted:
    """Sorts rows into those that count, and those that are left out for one reason or another."""
    found = _Sorted()
    columns = (table[name].to_pylist() for name in (*_IDENTITY, "error", "error_code"))
    for number, row in enumerate(zip(*columns, strict=True)):
        _, sha256, copy_of, patient, label, status, error, code = row
        if not label:
            found.unlabelled += 1
        elif (patient and seen.has_patient(patient)) or (sha256 and seen.has_image(sha256)):
            found.seen += 1
        elif status == Status.ERROR:
            found.unreadable.append(Notice(code, error))
        else:
            found.kept.append(number)
            found.copies += copy_of is not None
            found.strangers += not patient
    return found


def _score(rows: pa.Table, plan: Plan, predictor: Predictor, where: Path) -> ScoredImages:
    info, point = predictor.info, predictor.operating_point
    names, paths = rows["true_label"].to_pylist(), rows["path"].to_pylist()
    numbers = number_classes(info, names, where)
    probabilities = _own_probabilities(rows, plan)
    gated = plan.gate and predictor.refuses
    judgements = tuple(_judge(rows, predictor, positive_score(probabilities))) if gated else ()
    groups = {name: _texts(rows, name) for name in GROUPS}
    return ScoredImages(
        classes=info.classes,
        labels=np.array([numbers[name] for name in names], np.int64),
        probabilities=probabilities,
        # an image of an unknown patient is a patient of its own
        patients=np.array(
            [
                patient or f"file {path}"
                for patient, path in zip(rows["patient"].to_pylist(), paths, strict=True)
            ],
            np.str_,
        ),
        subgroups=groups.pop("subgroup"),
        paths=tuple(paths),
        threshold=point.threshold,
        groups={name: values for name, values in groups.items() if values.any()},
        refused=np.array([bool(each.reasons) for each in judgements]) if gated else None,
        judgements=judgements,
    )


def _own_probabilities(rows: pa.Table, plan: Plan) -> FloatArray:
    """Returns the model's own probabilities, float64 of shape (n, c), however they were restated.

    Restating for a prevalence leaves the proportions of the positive classes to each other.
    """
    flat: FloatArray = rows["probabilities"].combine_chunks().flatten().to_numpy()
    given = flat.reshape(len(rows), len(plan.classes))
    if plan.prevalence is None:
        return given
    score, others = _numbers(rows, SCORE), given[:, 1:]
    total = others.sum(axis=1)
    factor = np.divide(score, total, out=np.zeros_like(score), where=total > 0)
    return np.column_stack([1 - score, others * factor[:, None]])


def _judge(rows: pa.Table, predictor: Predictor, scores: FloatArray) -> Iterator[Judgement]:
    """Yields the judgement of each image, at the operating point of the predictor."""
    zone = predictor.operating_point.undecided
    columns = (rows[name].to_pylist() for name in ("reason_codes", "warning_codes", "distance"))
    for reasons, warnings, distance, score in zip(*columns, scores, strict=True):
        codes = tuple(code for code in reasons if code != UNDECIDED)
        if not codes and zone is not None and zone.holds(score):
            codes = (UNDECIDED,)
        yield Judgement(_titled(codes), _titled(tuple(warnings)), distance)


@cache
def _titled(codes: tuple[str, ...]) -> tuple[Notice, ...]:
    """Makes the notices of codes, the same ones for all images."""
    return tuple(Notice(code, TITLES[code]) for code in codes)


def _numbers(rows: pa.Table, name: str) -> FloatArray:
    values: FloatArray = rows[name].to_numpy()
    return values


def _texts(rows: pa.Table, name: str) -> StrArray:
    return np.array([value or "" for value in rows[name].to_pylist()], np.str_)


def _notices(plan: Plan, found: _Sorted, images: int) -> Iterator[Notice]:
    text = (
        "The images were scored before and are not read again: what needs their pixels is left out"
    )
    yield Notice("scored-before", text, {"model": plan.model})
    if missing := plan.images - images:
        text = f"Scoring has not ended: {missing:,} of {plan.images:,} images are not scored yet"
        yield Notice("not-all-scored", text, {"images": plan.images, "missing": missing})
    if found.unlabelled:
        text = f"{found.unlabelled:,} of {images:,} images have no true label and are left out"
        yield Notice("images-unlabelled", text, {"images": images, "unlabelled": found.unlabelled})
    if found.strangers:
        yield patients_by_file(found.strangers, len(found.kept))
    if found.copies:
        text = f"{found.copies:,} images are exact copies of others, and count as these do"
        yield Notice("images-copied", text, {"copies": found.copies})


def _without_labels(folder: Path) -> DataError:
    return DataError(
        f"No image of {folder} has a true label",
        expected="images that were scored from class folders, or from a list with labels",
        remedy="Give their labels as `labels`, a CSV with the columns path and label",
        code="scored-without-labels",
        values={"path": str(folder)},
    )
