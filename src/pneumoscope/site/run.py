"""The calibration of a model at a site."""

from __future__ import annotations

from pathlib import Path

from pneumoscope.defaults import RESAMPLES, SEED
from pneumoscope.inference import load
from pneumoscope.parallel import Progress
from pneumoscope.site.labelled import calibrate_labelled
from pneumoscope.site.result import SiteCalibration
from pneumoscope.site.unlabelled import calibrate_unlabelled, refuse_root
from pneumoscope.site.write import require_place, write_site_bundle
from pneumoscope.statistics import Resampling


def calibrate(
    bundle: Path | str | None,
    data: Path | str,
    output: Path | str | None = None,
    *,
    root: Path | str | None = None,
    unlabelled: bool = False,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    progress: Progress | None = None,
) -> SiteCalibration:
    """Makes a site bundle of a model: fitted to images of the place where it is used.

    To labelled images it fits the probabilities (temperature and bias), the operating points, the
    undecided zone, and the levels above which the gate warns and refuses. What that gains is
    measured on patients that it was not fitted to. The weights of the network stay, and so does the
    order in which it ranks images.

    To images without labels it fits the prevalence alone, and refuses where more has changed.

    Images that the model has seen are left out, with their patients; those that it is calibrated on
    are seen by the site bundle.

    Args:
        bundle: the bundle, the run folder that holds it, or the name of a model that ships; None
            for the default model.
        data: class folders, the published layout, a CSV manifest, or a prepared folder; of images
            without labels, their folder.
        output: folder of the site bundle; by default none is written.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest.
        unlabelled: True if the images have no labels, or theirs are to be ignored.
        resamples: number of bootstrap resamples behind the intervals, and behind the test whether
            only the prevalence has changed.
        seed: seed of the bootstrap, and of the divisions of the patients.
        progress: called with the number of steps done and of all.

    Raises:
        SettingsError: if `resamples` or `seed` is out of range, `root` is given beside
            `unlabelled`, or something else stands at `output`.
        BundleError: if the bundle cannot be used, or has other classes than the data; of images
            without labels, if it is not calibrated, or keeps no scores of each class.
        DataError: if the data cannot be used, has no unseen image, or too few patients of a class;
            if the model ranks the images no better than chance; or if images without labels show
            that more than the prevalence has changed.
        DependencyError: if the extra `calibrate` is not installed.
        StorageError: if `output` cannot be written.
    """
    predictor, data = load(bundle), Path(data)
    resampling = Resampling(resamples, seed)
    place = None if output is None else Path(output)
    if place is not None:
        require_place(place, predictor.bundle)
    name = place.resolve().name if place else f"{predictor.info.name}-site"
    if unlabelled:
        refuse_root(root)
        found, files = calibrate_unlabelled(predictor, data, name, resampling, progress=progress)
    else:
        found, files = calibrate_labelled(
            predictor, data, name, resampling, root=root, progress=progress
        )
    return found if place is None else write_site_bundle(place, predictor.bundle, found, files)
