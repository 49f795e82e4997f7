"""The evaluation of a bundle on the unseen images of a labelled data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pneumoscope.defaults import FIGURES, RESAMPLES, SEED
from pneumoscope.errors import SettingsError
from pneumoscope.evaluation.cohort import Cohort, Measured, gather
from pneumoscope.evaluation.coverage import measure_coverage
from pneumoscope.evaluation.drift import measure_drift
from pneumoscope.evaluation.folder import made_of, refuse_options_of_images, require_own_folder
from pneumoscope.evaluation.groups import evaluate_all, evaluate_classes, evaluate_subgroups
from pneumoscope.evaluation.progress import first_of, rest_of
from pneumoscope.evaluation.result import Evaluation
from pneumoscope.evaluation.scores import ScoredImages, remark_on_few
from pneumoscope.evaluation.scoring import score_images
from pneumoscope.evaluation.uncalibrated import undo_calibration
from pneumoscope.evaluation.write import FILES, write_evaluation
from pneumoscope.imaging import tabulate_pixels
from pneumoscope.inference import Predictor, load
from pneumoscope.parallel import Progress
from pneumoscope.plots import FigureFormat
from pneumoscope.scored.plan import is_scored
from pneumoscope.statistics import FloatArray, Resampling


def evaluate(
    bundle: Path | str | None,
    data: Path | str,
    output: Path | str | None = None,
    *,
    root: Path | str | None = None,
    limit: int | None = None,
    operating_point: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    figures: Sequence[str] = FIGURES,
    labels: Path | str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluates a bundle on the unseen images of a data set.

    The images that it was trained or chosen on are left out, and all other images of their
    patients, where these are known. A folder that `pneumoscope.score` wrote stands for its images:
    none is read again, and the figure of examples is left out.

    Args:
        bundle: the bundle, the run folder that holds it, or the name of a model that ships; None
            for the default model.
        data: class folders, the published layout, a CSV manifest, a prepared folder, or a scored
            folder.
        output: folder for the figures, `metrics.json`, `evaluation` as Markdown and LaTeX, and
            `predictions.csv`; by default nothing is written.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest.
        limit: about how many unseen images to take, for a trial: whole patients at random; by
            default all.
        operating_point: name of the operating point whose threshold gives the predicted classes;
            by default the first of the bundle.
        resamples: number of bootstrap resamples behind the intervals.
        seed: seed of the bootstrap.
        figures: file formats of the figures: `png`, `svg`, `pdf`.
        labels: CSV with the columns path and label, and if it is known patient, for a scored
            folder: paths as they were scored, or from the folder of this file on, or file names
            that are unique. By default the labels that its images were scored with.
        progress: called with the number of steps done and of all: each image is read once, and
            predicted once.

    Raises:
        SettingsError: if the bundle has no such operating point, figures have no such format,
            `resamples`, `limit` or `seed` is out of range, `output` holds the results of another
            model or other data, or an option does not go with this kind of data.
        BundleError: if the bundle cannot be used, or has other classes than the data.
        DataError: if the data cannot be used, or has no unseen image, or no label; or if a scored
            folder is of another model.
        DependencyError: if the extra `scale`, which reads a scored folder, is not installed.
        StorageError: if `output` cannot be written.
    """
    data = Path(data)
    if scored := is_scored(data):
        refuse_options_of_images(data, root=root, limit=limit)
    elif labels is not None:
        raise _labels_beside(data)
    predictor = load(bundle, operating_point=operating_point)
    formats = [FigureFormat.of(name) for name in figures]
    require_own_folder(output, FILES, [predictor], data)
    resampling = Resampling(resamples, seed)
    if scored:
        evaluation = evaluate_kept(
            predictor, data, resampling, None if labels is None else Path(labels)
        )
    else:
        cohort = gather(
            data, [predictor], resampling, root=root, limit=limit, progress=first_of(2, progress)
        )
        evaluation = evaluate_cohort(predictor, cohort, rest_of(2, progress))
    if output is not None:
        write_evaluation(evaluation, None if scored else predictor, Path(output), formats)
    return evaluation


def _labels_beside(data: Path) -> SettingsError:
    return SettingsError(
        f"Labels were given beside {data}, which has its own",
        expected="a scored folder, where `labels` are given",
        remedy="Leave out `labels`, or put them into a CSV manifest and give that as the data",
    )


def evaluate_cohort(
    predictor: Predictor, cohort: Cohort, progress: Progress | None = None
) -> Evaluation:
    """Evaluates a loaded model on images that have been read already.

    Args:
        predictor: the model.
        cohort: unseen images, at the geometry of the model.
        progress: called with the number of images predicted and of all.

    Raises:
        DataError: if the model gives no image a probability.
    """
    cohort, (scored,) = score_images([predictor], cohort, progress)
    facts = tabulate_pixels(cohort.pixels[predictor.info.geometry])
    return evaluate_scores(predictor, cohort.without_pixels(), scored, facts)


def evaluate_kept(
    predictor: Predictor, folder: Path, resampling: Resampling, labels: Path | None = None
) -> Evaluation:
    """Evaluates a loaded model on the scores of a scored folder.

    Args:
        predictor: the model.
        folder: the scored folder.
        resampling: resamples of the patients.
        labels: CSV of true labels; by default those of the folder.

    Raises:
        DataError: if the folder is damaged, was scored by another model, or has no labelled image
            that the model has not seen.
        DependencyError: if the extra `scale` is not installed.
    """
    from pneumoscope.evaluation.kept import read_kept  # loads pyarrow

    kept = read_kept(folder, predictor, resampling, labels=labels)
    return evaluate_scores(predictor, kept.cohort, kept.scored, kept.facts)


def evaluate_scores(
    predictor: Predictor,
    cohort: Measured,
    scored: ScoredImages,
    facts: Mapping[str, FloatArray],
) -> Evaluation:
    """Evaluates a model on images that it has scored, whose pixels are no longer needed.

    Args:
        predictor: the model.
        cohort: the data, and what was left out of it.
        scored: the n images with their scores.
        facts: facts of the images by name, float64 of shape (n,), for their drift.
    """
    resampling = cohort.resampling
    return Evaluation(
        model=predictor.info,
        operating_point=predictor.operating_point,
        cohort=cohort,
        made_of=made_of([predictor], cohort.data),
        scored=scored,
        overall=evaluate_all(scored, resampling),
        classes=evaluate_classes(scored, resampling),
        subgroups=evaluate_subgroups(scored, resampling),
        uncalibrated=undo_calibration(scored, predictor.info.calibration, resampling),
        coverage=measure_coverage(scored, resampling),
        drift=measure_drift(predictor.bundle, facts, scored),
        notices=(*cohort.notices, *remark_on_few(scored.n_patients)),
    )
