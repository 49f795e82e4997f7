"""The location of heatmaps on new phantoms, whose pneumonia was planted and so is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from pneumoscope.dataset import PhantomSettings, make_phantoms
from pneumoscope.evaluation.cohort import gather
from pneumoscope.evaluation.heatmaps.location import locate_within
from pneumoscope.evaluation.heatmaps.maps import explain_images
from pneumoscope.evaluation.heatmaps.result import Location
from pneumoscope.inference import Predictor
from pneumoscope.statistics import Resampling

_SEED = 1_000_003  # far from any that a person would choose: the model has not seen these


def locate_planted(
    predictor: Predictor, patients: int, resampling: Resampling
) -> Mapping[str, Location]:
    """Draws phantoms with their masks, and measures how much of each heatmap lies within.

    It is of use for a model that was trained on phantoms only: to others they are out of
    distribution.

    Args:
        predictor: a model of the classes of phantoms, normal first.
        patients: number of patients to draw, with one image each.
        resampling: resamples of the patients.

    Returns:
        The location by what is marked, "pneumonia" and "lungs".

    Raises:
        StorageError: if the phantoms cannot be written to the temporary folder.
    """
    settings = PhantomSettings(patients=patients, images_per_patient=(1, 1), seed=_SEED)
    with TemporaryDirectory(prefix="pneumoscope-") as folder:
        images, masks, lungs = (Path(folder, name) for name in ("images", "masks", "lungs"))
        make_phantoms(images, settings, masks=masks, lungs=lungs)
        cohort = gather(images, [predictor], resampling)
        explained = explain_images(predictor, cohort)
        found, _ = locate_within({"pneumonia": masks, "lungs": lungs}, explained, cohort)
    return found
