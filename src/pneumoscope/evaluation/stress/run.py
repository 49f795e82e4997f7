"""Bundles against a labelled data set, under conditions that none of them was made for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pneumoscope.dataset import ImageSet
from pneumoscope.errors import SettingsError
from pneumoscope.evaluation.folder import made_of, require_own_folder
from pneumoscope.evaluation.lineup import names_of, read_for_all
from pneumoscope.evaluation.scores import remark_on_few
from pneumoscope.evaluation.stress.batches import export_batches
from pneumoscope.evaluation.stress.conditions import conditions
from pneumoscope.evaluation.stress.measure import measure_model
from pneumoscope.evaluation.stress.predict import predict_under, read_once
from pneumoscope.evaluation.stress.result import Stress
from pneumoscope.evaluation.stress.severities import (
    descriptions,
    measure_curves,
    other_severities,
)
from pneumoscope.evaluation.stress.write import write_stress
from pneumoscope.evaluation.ticker import ticker
from pneumoscope.evaluation.unseen import UnseenImages, find_unseen, require_readable
from pneumoscope.imaging.perturb import MODERATE
from pneumoscope.inference import Predictor, load
from pneumoscope.parallel import Progress
from pneumoscope.statistics import RESAMPLES
from pneumoscope.task import is_positive


def stress(
    bundles: Sequence[Path | str],
    data: Path | str,
    output: Path | str | None = None,
    *,
    severities: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Stress:
    """Measures bundles on changed images, on export batches, and on images without lungs.

    All bundles are measured on the same images: those that had no part in making any of them, nor
    have others of their patients. Changes are made at the size that each network reads, which all
    of these images are held in memory at.

    Args:
        bundles: one or more bundles, or the run folders that hold them.
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        output: where to write `stress.json`, `stress.csv`, `stress.md` and the figures; nowhere
            by default.
        severities: whether the changes are made at all of their severities, which takes four times
            as many predictions, and activation maps are compared.
        resamples: of the bootstrap behind the intervals.
        seed: of the bootstrap.
        progress: called with the number of predictions made and of all.

    Raises:
        BundleError: if a bundle cannot be used, or has other classes than the data.
        DataError: if the data cannot be used, or holds no image that is new to all bundles.
        SettingsError: if no bundle is given, or `output` holds other results.
        StorageError: if `output` cannot be written.
    """
    if not bundles:
        raise SettingsError("There is no bundle to measure", remedy="Give one or more")
    data = Path(data)
    predictors = [load(bundle) for bundle in bundles]
    require_own_folder(output, "stress.json", predictors, data)
    images = read_for_all(data, predictors)
    unseen = find_unseen(data, images, [predictor.bundle.seen() for predictor in predictors])
    found = stress_unseen(
        list(zip(names_of(predictors), predictors, strict=True)),
        data,
        images,
        unseen,
        severities=severities,
        resamples=resamples,
        seed=seed,
        progress=progress,
    )
    if output is not None:
        write_stress(found, Path(output))
    return found


def stress_unseen(
    models: Sequence[tuple[str, Predictor]],
    data: Path,
    images: ImageSet,
    unseen: UnseenImages,
    *,
    severities: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Stress:
    """As `stress`, on images that have been found already.

    Args:
        models: what tables call each model, and the model, loaded.
        data: where the images are from.
        images: the data set.
        unseen: its images that none of the models was made with.
        severities: whether changes are made at all of their severities.
        resamples: of the bootstrap behind the intervals.
        seed: of the bootstrap.
        progress: called with the number of predictions made and of all.

    Raises:
        DataError: if none of them could be read.
    """
    geometries = list(dict.fromkeys(predictor.info.geometry for _, predictor in models))
    readable = read_once(unseen.records, geometries)
    unreadable = (*unseen.unreadable, *readable.unreadable)
    require_readable(len(readable.records), unreadable)
    positive = is_positive(np.array([record.label for record in readable.records], np.int64))
    shown = {g: conditions(pixels, positive) for g, pixels in readable.pixels.items()}
    more = other_severities() if severities else ()
    count = len(shown[geometries[0]]) + len(more)
    tick = ticker(len(models) * count * len(positive), progress)
    batches = export_batches(readable.records, images.classes)
    found = []
    for label, predictor in models:
        usual = shown[predictor.info.geometry]
        outcomes = predict_under((*usual, *more), predictor, readable, tick, maps=severities)
        scored = {condition.name: outcomes[condition.name].scored for condition in usual}
        model = measure_model(
            label, predictor.info, scored, batches, resamples=resamples, seed=seed
        )
        if severities:
            curves = measure_curves(outcomes, resamples=resamples, seed=seed)
            model = replace(model, curves=curves)
        found.append(model)
    patients = len({record.patient for record in readable.records})
    return Stress(
        data=data,
        made_of=made_of([predictor for _, predictor in models], data),
        images=readable.count(images.classes),
        patients=patients,
        models=tuple(found),
        conditions=shown[geometries[0]],
        seen=unseen.seen,
        unreadable=unreadable,
        notices=(*images.notices, *unseen.notices, *remark_on_few(patients)),
        severity=MODERATE,
        resamples=resamples,
        seed=seed,
        severities=dict(descriptions()) if severities else {},
    )
