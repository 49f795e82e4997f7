"""Folds for cross-validation: a prepared set divided anew, without decoding anything again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pneumoscope.claims import claimed
from pneumoscope.dataset.prepared import (
    PreparedImage,
    PreparedSet,
    claim,
    finish,
    header,
    locate_cached,
    read_prepared,
    write_manifest,
)
from pneumoscope.dataset.split import SplitSettings, assign, draw
from pneumoscope.errors import storage_errors
from pneumoscope.files import sha256_of
from pneumoscope.types import ImageRecord, Split


def without_validation(prepared: PreparedSet) -> PreparedSet:
    """Counts the validation images as training images: over all folds each image is both."""
    records = tuple(
        replace(record, split=Split.TRAIN) if record.split is Split.VAL else record
        for record in prepared.images.records
    )
    return replace(prepared, images=replace(prepared.images, records=records))


def prepare_folds(
    prepared: PreparedSet, folds: int, split: SplitSettings, note: Callable[[str], None]
) -> tuple[PreparedSet, ...]:
    """Makes a prepared folder in the user's cache for each fold, which is its test split.

    Each patient is in one fold, and folds have like fractions of classes and subgroups. The other
    patients are divided into the training and validation splits. The test split of `prepared` is
    in none of them. Files are linked where the disk allows it, otherwise copied.

    Args:
        prepared: the data set.
        folds: number of folds, 2 or more.
        split: seed, and fraction of the other images that validate.
        note: called once with a text if another process prepares the same folder and is waited for.

    Raises:
        DataError: if a class has too few patients for so many folds.
        StorageError: if the user's cache cannot be written.
    """
    pool = [record for record in prepared.images.records if record.split is not Split.TEST]
    classes, shares = prepared.images.classes, dict.fromkeys(range(1, folds + 1), 1 / folds)
    fold_of = assign(pool, shares, split.seed, classes)
    found = []
    for fold in shares:
        test = [replace(r, split=Split.TEST) for r in pool if fold_of[r.patient] == fold]
        rest = [record for record in pool if fold_of[record.patient] != fold]
        drawn = draw(rest, {Split.VAL: split.validation_share}, split.seed, classes)
        records = sorted((*drawn, *test), key=lambda record: str(record.path))
        wanted = {
            **header(Path(prepared.source), prepared.images, prepared.geometry, split),
            "divided_from": prepared.fingerprint,
            "fold": f"{fold} of {folds}",
        }
        found.append(_write(prepared, records, wanted, note))
    return tuple(found)


def _write(
    prepared: PreparedSet,
    records: Sequence[ImageRecord],
    wanted: dict[str, Any],
    note: Callable[[str], None],
) -> PreparedSet:
    output = locate_cached(f"{prepared.root.resolve().name}-fold", wanted)
    with claimed(output, wait=note):
        claim(output, wanted)
        placed = (_place(output, prepared.images.classes, record) for record in records)
        write_manifest(output, prepared.images.classes, placed)
        finish(output, wanted, prepared.images, prepared.left_out, prepared.views)
        return read_prepared(output)


def _place(output: Path, classes: Sequence[str], record: ImageRecord) -> PreparedImage:
    """Links the file of an image into its split."""
    target = output / str(record.split) / classes[record.label] / record.path.name
    with storage_errors("write", target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            try:
                os.link(record.path, target)
            except OSError:  # another disk, or one without links
                shutil.copyfile(record.path, target)
    return PreparedImage(replace(record, path=target), record.path, sha256_of(target))
