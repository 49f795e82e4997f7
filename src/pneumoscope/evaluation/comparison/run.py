"""The comparison of bundles, on images and patients that none of them has seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pneumoscope.defaults import FIGURES, RESAMPLES, SEED
from pneumoscope.errors import SettingsError
from pneumoscope.evaluation.cohort import gather, name_models
from pneumoscope.evaluation.comparison.difference import compare_scores
from pneumoscope.evaluation.comparison.result import ComparedModel, Comparison
from pneumoscope.evaluation.comparison.write import FILES, write_comparison
from pneumoscope.evaluation.folder import made_of, require_own_folder
from pneumoscope.evaluation.groups import evaluate_all
from pneumoscope.evaluation.progress import first_of, rest_of
from pneumoscope.evaluation.scoring import score_images
from pneumoscope.inference import load
from pneumoscope.parallel import Progress
from pneumoscope.plots import FigureFormat
from pneumoscope.statistics import Resampling


def compare(
    bundles: Sequence[Path | str] | Path | str,
    data: Path | str,
    output: Path | str | None = None,
    *,
    root: Path | str | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    figures: Sequence[str] = FIGURES,
    progress: Progress | None = None,
) -> Comparison:
    """Compares models on the images of a data set that none of them has seen.

    Args:
        bundles: two or more bundles, or the run folders that hold them; the others are compared
            with the first.
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        output: folder for `comparison` as JSON, Markdown and LaTeX, and for the figure; by default
            nothing is written.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest.
        resamples: number of bootstrap resamples behind the intervals.
        seed: seed of the bootstrap.
        figures: file formats of the figures: `png`, `svg`, `pdf`.
        progress: called with the number of steps done and of all: each image is read once, and
            predicted once by each model.

    Raises:
        SettingsError: if there are fewer than two bundles, `resamples` or `seed` is out of range,
            or `output` holds the results of other models or other data.
        BundleError: if a bundle cannot be used, or has other classes than the data or the first.
        DataError: if the data cannot be used, or has no image that no model has seen.
        StorageError: if `output` cannot be written.
    """
    bundles = [bundles] if isinstance(bundles, str | Path) else bundles
    if len(bundles) < 2:
        raise SettingsError(
            "There is nothing to compare",
            expected="two or more bundles",
            received=f"{len(bundles)}",
        )
    predictors = [load(bundle) for bundle in bundles]
    data = Path(data)
    formats = [FigureFormat.of(name) for name in figures]
    require_own_folder(output, FILES, predictors, data)
    parts = 1 + len(predictors)
    cohort = gather(
        data,
        predictors,
        Resampling(resamples, seed),
        root=root,
        progress=first_of(parts, progress),
    )
    cohort, scored = score_images(predictors, cohort, rest_of(parts, progress))
    resampling = cohort.resampling
    differences = [compare_scores(scored[0], other, resampling) for other in scored[1:]]
    comparison = Comparison(
        models=tuple(
            ComparedModel(
                name=name,
                bundle=predictor.bundle.root,
                info=predictor.info,
                scored=said,
                overall=evaluate_all(said, resampling),
                difference=difference,
            )
            for name, predictor, said, difference in zip(
                name_models(predictors), predictors, scored, [None, *differences], strict=True
            )
        ),
        cohort=cohort.without_pixels(),
        made_of=made_of(predictors, data),
    )
    if output is not None:
        write_comparison(comparison, Path(output), formats)
    return comparison
