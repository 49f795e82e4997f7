"""The stress validation of bundles on the unseen images of a labelled data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pneumoscope.defaults import FIGURES, RESAMPLES, SEED
from pneumoscope.errors import SettingsError
from pneumoscope.evaluation.cohort import Cohort, gather, name_models
from pneumoscope.evaluation.folder import made_of, require_own_folder
from pneumoscope.evaluation.progress import ticker
from pneumoscope.evaluation.scores import remark_on_few
from pneumoscope.evaluation.stress.batches import export_batches
from pneumoscope.evaluation.stress.conditions import conditions
from pneumoscope.evaluation.stress.measure import measure_model
from pneumoscope.evaluation.stress.predict import predict_under
from pneumoscope.evaluation.stress.result import Stress
from pneumoscope.evaluation.stress.severities import (
    descriptions,
    measure_curves,
    other_severities,
)
from pneumoscope.evaluation.stress.write import FILES, write_stress
from pneumoscope.imaging.changes import MODERATE
from pneumoscope.inference import Predictor, load
from pneumoscope.parallel import Progress
from pneumoscope.plots import FigureFormat
from pneumoscope.statistics import Resampling


def stress(
    bundles: Sequence[Path | str] | Path | str,
    data: Path | str,
    output: Path | str | None = None,
    *,
    severities: bool = False,
    root: Path | str | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    figures: Sequence[str] = FIGURES,
    progress: Progress | None = None,
) -> Stress:
    """Measures bundles on changed images, on export batches, and on images without lungs.

    All bundles are measured on the same images, which none of them has seen. The changes are made
    at the size that each network reads; all images are held in memory at these sizes.

    Args:
        bundles: one or more bundles, or the run folders that hold them.
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        output: folder for `stress` as JSON, CSV, Markdown and LaTeX, and for the figures; by
            default nothing is written.
        severities: True to make the changes at all of their severities, which takes four times as
            many predictions, and to compare activation maps.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest.
        resamples: number of bootstrap resamples behind the intervals.
        seed: seed of the bootstrap.
        figures: file formats of the figures: `png`, `svg`, `pdf`.
        progress: called with the number of predictions made and of all.

    Raises:
        BundleError: if a bundle cannot be used, or has other classes than the data.
        DataError: if the data cannot be used, or has no image that is unseen by all bundles.
        SettingsError: if no bundle is given, `resamples` or `seed` is out of range, or `output`
            holds the results of other models or other data.
        StorageError: if `output` cannot be written.
    """
    bundles = [bundles] if isinstance(bundles, str | Path) else bundles
    if not bundles:
        raise SettingsError("There is no bundle to measure", remedy="Give one or more")
    data = Path(data)
    predictors = [load(bundle) for bundle in bundles]
    formats = [FigureFormat.of(name) for name in figures]
    require_own_folder(output, FILES, predictors, data)
    cohort = gather(
        data,
        predictors,
        Resampling(resamples, seed),
        root=root,
    )
    models = list(zip(name_models(predictors), predictors, strict=True))
    found = stress_cohort(models, cohort, severities=severities, progress=progress)
    if output is not None:
        write_stress(found, Path(output), formats)
    return found


def stress_cohort(
    models: Sequence[tuple[str, Predictor]],
    cohort: Cohort,
    *,
    severities: bool = False,
    progress: Progress | None = None,
) -> Stress:
    """Measures loaded models on images that have been read already.

    Args:
        models: name of each model in tables, and the model.
        cohort: images that none of the models has seen, at the geometry of each.
        severities: True to make the changes at all of their severities.
        progress: called with the number of predictions made and of all.
    """
    geometries = list(dict.fromkeys(predictor.info.geometry for _, predictor in models))
    shown = {g: conditions(cohort.pixels[g], cohort.positive) for g in geometries}
    more = other_severities() if severities else ()
    count = len(shown[geometries[0]]) + len(more)
    tick = ticker(len(models) * count * len(cohort), progress)
    batches = export_batches(cohort.records, cohort.classes)
    resampling = cohort.resampling
    found = []
    for label, predictor in models:
        usual = shown[predictor.info.geometry]
        outcomes = predict_under((*usual, *more), predictor, cohort, tick, maps=severities)
        scored = {condition.name: outcomes[condition.name].scored for condition in usual}
        model = measure_model(label, predictor.info, scored, batches, resampling)
        if severities:
            model = replace(model, curves=measure_curves(outcomes, resampling))
        found.append(model)
    return Stress(
        cohort=cohort.without_pixels(),
        made_of=made_of([predictor for _, predictor in models], cohort.data),
        models=tuple(found),
        conditions=shown[geometries[0]],
        notices=(*cohort.notices, *remark_on_few(cohort.n_patients)),
        severity=MODERATE,
        severities=dict(descriptions()) if severities else {},
    )
