"""A calibration on local images with labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pneumoscope.bundle import BundleInfo, Site
from pneumoscope.errors import DataError
from pneumoscope.evaluation.cohort import Cohort, gather
from pneumoscope.evaluation.progress import first_of, rest_of
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.scoring import score_images
from pneumoscope.inference import Predictor
from pneumoscope.parallel import Progress
from pneumoscope.site.describe import describe_site
from pneumoscope.site.enough import require_patients
from pneumoscope.site.gain import measure_gain
from pneumoscope.site.left_out import is_refused_by_rule, tell_refused
from pneumoscope.site.result import SiteCalibration, SiteFiles
from pneumoscope.site.surroundings import fit_levels, sum_up
from pneumoscope.statistics import Estimate, FloatArray, Resampling, auroc, cumulative
from pneumoscope.task import is_positive, positive_score
from pneumoscope.training.calibrate import (
    ValidationScores,
    calibrated,
    fit_calibration,
)
from pneumoscope.training.thresholds import choose_thresholds
from pneumoscope.types import Calibration, OperatingPoint


def calibrate_labelled(
    predictor: Predictor,
    data: Path,
    name: str,
    resampling: Resampling,
    *,
    root: Path | str | None = None,
    progress: Progress | None = None,
) -> tuple[SiteCalibration, SiteFiles]:
    """Fits a model to labelled local images: probabilities, operating points and gate.

    Args:
        predictor: the model.
        data: the local images, as for an evaluation.
        name: name of the site bundle.
        resampling: resamples of the patients; its seed draws all else that is random.
        root: the folder that holds all images of a CSV manifest.
        progress: called with the number of steps done and of all.

    Returns:
        What was found, and the files of the bundle.

    Raises:
        BundleError: if the model has other classes than the data.
        DataError: if the data cannot be used or has too few patients of a class, or if the model
            ranks its images no better than chance.
    """
    cohort = gather(data, [predictor], resampling, root=root, progress=first_of(2, progress))
    cohort, (scored,) = score_images([predictor], cohort, rest_of(2, progress))
    cohort, scored, refused = _without_refused(cohort, scored)
    require_patients(data, _count_patients(cohort))
    scores = ValidationScores.of_one_source(cohort.labels, scored.probabilities, cohort.patients)
    ranking = _measure_auroc(scores, resampling)
    calibration, points = fit_site(scores, seed=resampling.seed)
    if not calibration.fitted:
        raise _not_ranked(predictor.info, data, calibration, ranking)
    levels, judged = fit_levels(predictor, cohort)
    site = Site(
        len(cohort),
        cohort.n_patients,
        calibration.prevalence,
        cohort.count(),
        seed=resampling.seed,
    )
    found = SiteCalibration(
        data=data,
        info=describe_site(predictor.bundle, name, site, calibration, points, levels),
        auroc=ranking,
        gains=measure_gain(scores, predictor.operating_point.threshold, fit_site, resampling),
        seen=cohort.seen,
        refused=refused,
        unreadable=cohort.unreadable,
        notices=(*cohort.notices, *tell_refused(refused), *calibration.notices),
    )
    score = positive_score(calibrated(scores.probabilities, calibration))
    pixels = cohort.pixels[predictor.info.geometry]
    seen = predictor.bundle.seen().including(cohort.records, cohort.patient_key)
    return found, SiteFiles(seen, sum_up(cohort, pixels, score, judged))


def fit_site(
    scores: ValidationScores, *, seed: int
) -> tuple[Calibration, tuple[OperatingPoint, ...]]:
    """Fits temperature and biases to labelled images, and chooses operating points on them.

    Args:
        scores: probabilities of the images by the parent.
        seed: seed of the bootstrap behind the intervals.

    Returns:
        The calibration, with notices on what could not be fitted or chosen; and the operating
        points, the default first.
    """
    calibration = fit_calibration(scores)
    fitted = replace(scores, probabilities=calibrated(scores.probabilities, calibration))
    points, notices = choose_thresholds(fitted, fitted, seed=seed)
    return replace(calibration, notices=(*calibration.notices, *notices)), points


def _without_refused(cohort: Cohort, scored: ScoredImages) -> tuple[Cohort, ScoredImages, int]:
    """Leaves out the images that the site bundle will refuse whatever is fitted."""
    refused = np.array([is_refused_by_rule(each.reasons) for each in scored.judgements], np.bool_)
    if not refused.any():  # also where nothing can be refused
        return cohort, scored, 0
    return cohort.choose(~refused), scored.subset(~refused), int(refused.sum())


def _count_patients(cohort: Cohort) -> dict[str, int]:
    return {
        name: len(np.unique(cohort.patients[cohort.labels == label]))
        for label, name in enumerate(cohort.classes)
    }


def _measure_auroc(scores: ValidationScores, resampling: Resampling) -> Estimate:
    truth, score = is_positive(scores.labels), positive_score(scores.probabilities)

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        return {"auroc": auroc(cumulative(truth, score, weights))}

    return resampling.estimate(measure, scores.patients)["auroc"]


def _not_ranked(
    info: BundleInfo, data: Path, calibration: Calibration, ranking: Estimate
) -> DataError:
    return DataError(
        f"The probabilities of {info.name} cannot be calibrated on {data}",
        expected="a model that ranks positive images above the others",
        received=f"an AUROC of {ranking}: {calibration.notices[0].values['why']}",
        remedy="Check the labels; if they are right, use another model, or train one on images "
        "like these",
        code="site-not-ranked",
        values={"path": str(data), "model": info.name, "auroc": ranking.value},
    )
