"""The check of the heatmaps of a bundle, on images that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from pneumoscope.defaults import FIGURES, HEATMAP_IMAGES, RESAMPLES, SEED
from pneumoscope.errors import BundleError, DependencyError, SettingsError
from pneumoscope.evaluation.cohort import Cohort, gather
from pneumoscope.evaluation.folder import made_of, require_own_folder
from pneumoscope.evaluation.heatmaps.deletion import (
    PREDICTIONS,
    STEPS,
    measure_curves,
    summarise_curves,
)
from pneumoscope.evaluation.heatmaps.location import locate_within
from pneumoscope.evaluation.heatmaps.maps import ExplainedImages, explain_images
from pneumoscope.evaluation.heatmaps.randomised import DRAWS, LAYERS, SHUFFLED, measure_randomised
from pneumoscope.evaluation.heatmaps.result import HeatmapCheck, Randomisation
from pneumoscope.evaluation.heatmaps.write import FILES, write_check
from pneumoscope.evaluation.progress import ticker
from pneumoscope.evaluation.scores import ScoredImages, remark_on_few
from pneumoscope.inference import Predictor, load, occlusion
from pneumoscope.notices import Notice
from pneumoscope.parallel import Progress
from pneumoscope.plots import FigureFormat
from pneumoscope.statistics import BoolArray, Resampling


def check_heatmaps(
    bundle: Path | str,
    data: Path | str,
    output: Path | str | None = None,
    *,
    masks: Path | str | None = None,
    lungs: Path | str | None = None,
    images: int = HEATMAP_IMAGES,
    root: Path | str | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    figures: Sequence[str] = FIGURES,
    progress: Progress | None = None,
) -> HeatmapCheck:
    """Checks whether heatmaps show what a network bases its predictions on, and where they lie.

    There are three checks: deletion and insertion, shuffled weights, and, where masks are given,
    the location of the heatmaps.

    Args:
        bundle: the bundle, the run folder that holds it, or the name of a model that ships.
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        output: folder for `heatmap_check` as JSON, Markdown and LaTeX, and for the figure; by
            default nothing is written.
        masks: folder of masks of the pneumonia, named like the images.
        lungs: folder of masks of the lungs, named like the images.
        images: approximate number of images to check, of whole patients drawn at random.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest.
        resamples: number of bootstrap resamples behind the intervals.
        seed: seed of the bootstrap and of all random choices.
        figures: file formats of the figures: `png`, `svg`, `pdf`.
        progress: called with the number of predictions made and of all.

    Raises:
        BundleError: if the bundle cannot be used, or has other classes than the data.
        DataError: if the data cannot be used or has no unseen image, or if no mask is named like
            any of the images.
        SettingsError: if `images`, `resamples` or `seed` is out of range, or `output` holds the
            results of another model or other data.
        StorageError: if `output` cannot be written.
    """
    if images < 1:
        raise SettingsError(
            "There is no image to check", expected="1 or more", received=f"images={images}"
        )
    data = Path(data)
    masks, lungs = (None if folder is None else Path(folder) for folder in (masks, lungs))
    predictor = load(bundle)
    formats = [FigureFormat.of(name) for name in figures]
    require_own_folder(output, FILES, [predictor], data)
    drawn = gather(
        data,
        [predictor],
        Resampling(resamples, seed),
        root=root,
    ).draw(images)
    found = check_cohort(predictor, drawn, masks=masks, lungs=lungs, progress=progress)
    if output is not None:
        write_check(found, Path(output), formats)
    return found


def check_cohort(
    predictor: Predictor,
    cohort: Cohort,
    *,
    masks: Path | None = None,
    lungs: Path | None = None,
    progress: Progress | None = None,
) -> HeatmapCheck:
    """Checks the heatmaps of a loaded model on images that have been read already.

    Args:
        predictor: the model.
        cohort: unseen images, at the geometry of the model; the seed of their resampling is that
            of all random choices.
        masks: folder of masks of the pneumonia, named like the images.
        lungs: folder of masks of the lungs, named like the images.
        progress: called with the number of predictions made and of all.

    Raises:
        DataError: if no mask is named like any of the images.
    """
    tick = ticker(_count_predictions(len(cohort)), progress)
    explained = explain_images(predictor, cohort, tick)
    location, broken = locate_within({"pneumonia": masks, "lungs": lungs}, explained, cohort)
    curves = measure_curves(predictor, explained, cohort.resampling.seed, tick)
    randomisation, notice = _shuffle(predictor, explained, cohort.resampling, tick)
    return HeatmapCheck(
        model=predictor.info.name,
        version=predictor.info.version,
        architecture=predictor.info.architecture,
        cohort=cohort.without_pixels(),
        made_of=made_of([predictor], cohort.data),
        places=explained.called_maps.shape[1:],
        shares=tuple(step / STEPS for step in range(STEPS + 1)),
        perturbation={
            name: summarise_curves(curves, explained, members, cohort.resampling)
            for name, members in _groups(explained.scored)
        },
        randomisation=randomisation,
        location=location,
        flat=explained.flat,
        unreadable=(*cohort.unreadable, *broken),
        notices=(*cohort.notices, *remark_on_few(cohort.n_patients), *notice),
    )


def _count_predictions(images: int) -> int:
    shuffled = DRAWS * len(LAYERS) * min(images, SHUFFLED)
    return images * (PREDICTIONS + occlusion.PREDICTIONS) + shuffled * occlusion.PREDICTIONS


def _groups(scored: ScoredImages) -> Iterator[tuple[str, BoolArray]]:
    """Groups the images: all of them, and those of each predicted class, if there are any."""
    yield "all", np.ones(len(scored.labels), bool)
    for index, name in enumerate(scored.classes):
        members = scored.predicted == index
        if members.any():
            yield f"called {name}", members


def _shuffle(
    predictor: Predictor,
    explained: ExplainedImages,
    resampling: Resampling,
    tick: Callable[[int], None],
) -> tuple[tuple[Randomisation, ...], tuple[Notice, ...]]:
    """Measures with shuffled weights; returns a notice of the reason where it cannot be done."""
    try:
        found = measure_randomised(predictor, explained, resampling, tick)
    except (BundleError, DependencyError) as error:
        return (), (Notice("weights-not-shuffled", str(error), {"error": error.code}),)
    return found, ()
