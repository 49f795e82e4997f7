"""A calibration on local images without labels: of the prevalence, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pneumoscope.bundle import NEGATIVE, POSITIVE, Bundle, Site
from pneumoscope.errors import BundleError, DataError, ImageError, SettingsError
from pneumoscope.evaluation.cohort import Measured
from pneumoscope.evaluation.scoring import tell_failure
from pneumoscope.imaging import Source, read_bytes
from pneumoscope.inference import Predictor
from pneumoscope.inference.familiar import patient_of
from pneumoscope.inference.images import list_images
from pneumoscope.inference.prevalence import odds_ratio
from pneumoscope.notices import Notice
from pneumoscope.parallel import Progress, as_done
from pneumoscope.pseudonym import key_fingerprint
from pneumoscope.site.describe import describe_site
from pneumoscope.site.enough import require_unlabelled
from pneumoscope.site.left_out import is_refused_by_rule, tell_refused
from pneumoscope.site.restate import restate_bins, restate_calibration, restate_point
from pneumoscope.site.result import SiteCalibration, SiteFiles
from pneumoscope.statistics import Bins, Resampling
from pneumoscope.statistics.prior_shift import PriorShift, estimate_prior_shift
from pneumoscope.types import Evidence, ImageRecord, Prediction, Status

_IMPROBABLE = 0.05
_SEEN = {"seen-image", "seen-patient"}


@dataclass(frozen=True, eq=False)
class _Scored:
    """An image without a label, and what the model says of it."""

    record: ImageRecord
    prediction: Prediction


def calibrate_unlabelled(
    predictor: Predictor,
    data: Path,
    name: str,
    resampling: Resampling,
    *,
    progress: Progress | None = None,
) -> tuple[SiteCalibration, SiteFiles]:
    """Restates the probabilities of a model for the prevalence among local images.

    That is right only if nothing else has changed: within a class, local scores must be distributed
    as those of the validation images. This is tested, as far as scores without labels can show it.
    Labels stay: thresholds move along with the probabilities.

    Args:
        predictor: the model.
        data: an image, or a folder of images.
        name: name of the site bundle.
        resampling: resamples of the patients; its seed draws all else that is random.
        progress: called with the number of images scored and of all.

    Returns:
        What was found, and the files of the bundle.

    Raises:
        BundleError: if the model is not calibrated, or keeps no scores of each class.
        DataError: if the data cannot be used or has too few patients, or if more than the
            prevalence has changed.
        StorageError: if a folder may not be read.
    """
    bundle = predictor.bundle
    reference = bundle.reference() or {}
    negative, positive = _sides(bundle, reference)
    odds_ratio(bundle.info, 0.5)  # refuses a model that is not calibrated, before any image is read
    scored, unreadable = _score(predictor, data, progress)
    known = [each for each in scored if not _SEEN & {w.code for w in each.prediction.warnings}]
    used = [each for each in known if not is_refused_by_rule(each.prediction.reasons)]
    seen, refused = len(scored) - len(known), len(known) - len(used)
    Measured(data=data, seen=seen, unreadable=unreadable).require_images(len(used))
    patients = np.array([each.record.patient for each in used], np.str_)
    require_unlabelled(data, len(np.unique(patients)))
    scores = np.array([each.prediction.probability for each in used], np.float64)
    shift = estimate_prior_shift(scores, patients, negative, positive, resampling)
    _require_prior_shift(bundle, data, shift)
    assert shift.prevalence.value is not None
    ratio = odds_ratio(bundle.info, shift.prevalence.value)
    site = Site(
        len(used),
        len(np.unique(patients)),
        shift.prevalence.value,
        chosen=bundle.info.chosen_locally,
        reference="parent",
        seed=resampling.seed,
    )
    info = describe_site(
        bundle,
        name,
        site,
        restate_calibration(bundle.info, shift.prevalence.value, ratio),
        tuple(restate_point(point, ratio) for point in bundle.info.operating_points),
        bundle.info.gate,
    )
    found = SiteCalibration(
        data=data,
        info=info,
        shift=shift,
        seen=seen,
        refused=refused,
        unreadable=unreadable,
        notices=tell_refused(refused),
    )
    records = [each.record for each in used]
    hashed = any(record.evidence.hashed for record in records)
    return found, SiteFiles(
        bundle.seen().including(records, key_fingerprint() if hashed else ""),
        {kind: restate_bins(kind, bins, ratio) for kind, bins in reference.items()},
    )


def refuse_root(root: Path | str | None) -> None:
    """Refuses a folder of a manifest where images have no labels, and so no manifest.

    Raises:
        SettingsError: if it is given.
    """
    if root is not None:
        raise SettingsError(
            "`root` has no effect on images without labels, which no manifest lists",
            remedy="Leave out `root`, and give the folder of the images as the data",
        )


def _sides(bundle: Bundle, reference: dict[str, Bins]) -> tuple[Bins, Bins]:
    if NEGATIVE in reference and POSITIVE in reference:
        return reference[NEGATIVE], reference[POSITIVE]
    raise BundleError(
        f"{bundle.info.name} keeps no scores of each class to compare local scores with",
        expected="a bundle that was trained with this version or a later one, on enough validation "
        "images",
        remedy="Label some of the images, and calibrate on these; or train the model again",
        code="bundle-without-class-scores",
        values={"model": bundle.info.name},
    )


def _score(
    predictor: Predictor, data: Path, progress: Progress | None
) -> tuple[list[_Scored], tuple[Notice, ...]]:
    """Reads and scores images one after the other; those that cannot be read are told."""
    scored, unreadable = [], []
    for found in as_done(_read, list(list_images([data])), progress):
        if isinstance(found, Notice):
            unreadable.append(found)
            continue
        record, source = found
        prediction = predictor.predict(source)
        if prediction.status is Status.ERROR:
            unreadable.append(tell_failure(prediction))
        else:
            scored.append(_Scored(record, prediction))
    return scored, tuple(unreadable)


def _read(path: Path) -> tuple[ImageRecord, Source] | Notice:
    """Reads a file, and finds out whose it is: where nothing tells, a patient of its own."""
    try:
        source = read_bytes(path)
        patient, told_by = patient_of(source, headers=True)
    except ImageError as error:
        return error.to_notice()
    evidence = Evidence.HEADER if told_by == "header" else Evidence.NAME
    record = ImageRecord(
        path,
        0,  # nobody knows
        patient or source.sha256,
        evidence if patient else Evidence.FILE,
        sha256=source.sha256,
    )
    return record, source


def _require_prior_shift(bundle: Bundle, data: Path, shift: PriorShift) -> None:
    if shift.p < _IMPROBABLE:
        raise DataError(
            f"More than the prevalence differs between {data} and the validation images of "
            f"{bundle.info.name}",
            expected="scores that are a mixture of those of its validation images of each class",
            received="no mixture that fits: such a misfit or a worse one has a probability of "
            f"{shift.p:.2g}",
            remedy="Label some of the images, and calibrate on these",
            code="site-not-prior-shift",
            values={"path": str(data), "model": bundle.info.name, "p": shift.p},
        )
