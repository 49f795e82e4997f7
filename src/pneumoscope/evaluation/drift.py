"""The drift of the images and scores of an evaluation from those of the training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pneumoscope.bundle import Bundle
from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.imaging import tabulate_pixels
from pneumoscope.notices import Notice
from pneumoscope.statistics import Shift, measure_shift

NOT_DIVIDED = "too few training images, or all of them alike"
_NO_SUMMARY = "the bundle holds no summary of its training images: make it again"


@dataclass(frozen=True)
class Drift:
    """The drift of each quantity from the training.

    Attributes:
        shifts: shift of each image fact against the training images, by its name, and of "score"
            against the scores of the validation images; None where the bundle has no summary.
        missing: reason why no shift at all could be measured; None otherwise.
    """

    shifts: Mapping[str, Shift | None]
    missing: Notice | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain JSON types."""
        quantities = {
            name: {**asdict(shift), "reading": shift.reading} if shift else None
            for name, shift in self.shifts.items()
        }
        return {"missing": self.missing and self.missing.to_dict(), "quantities": quantities}


def measure_drift(bundle: Bundle, cohort: Cohort, scored: ScoredImages) -> Drift:
    """Measures the drift of images and scores from those of the training.

    The facts are those of the images as the network gets them (`imaging.picture`), both here and
    in the training. Another prevalence of the classes shifts them, too.

    Args:
        bundle: the model, with the summary of its training images.
        cohort: the images.
        scored: the images with their scores.
    """
    reference = bundle.reference()
    if reference is None:
        return Drift({}, Notice("no-reference", _NO_SUMMARY))
    pixels = cohort.pixels[bundle.info.geometry]
    columns = {**tabulate_pixels(pixels), "score": scored.score}
    shifts = {
        name: measure_shift(reference[name], values, scored.n_patients)
        if name in reference
        else None
        for name, values in columns.items()
    }
    if not any(shifts.values()):
        return Drift({}, Notice("reference-not-divided", NOT_DIVIDED))
    return Drift(shifts)
