"""Words beside the picture of a prediction, the same in pictures, on pages and in print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pneumoscope.bundle import BundleInfo
from pneumoscope.inference.predictor import Predictor
from pneumoscope.inference.prevalence import odds_ratio, restated
from pneumoscope.task import positive_name
from pneumoscope.types import OperatingPoint, Prediction, Status

WEAKEST, STRONGEST = "none", "strongest in this image"
"""Words at the two ends of the colours of a heatmap."""

REFUSED = "Refused"
FAILED = "No prediction"


@dataclass(frozen=True)
class Caption:
    """What is said of one predicted image.

    Attributes:
        heading: name of the predicted class, or why there is none, in a word.
        probability: sentences on probability and threshold; empty without a label.
        remarks: reasons for refusal, warnings, or the error.
        evidence: meaning of the colours of the overlay; empty where there is none.
    """

    heading: str
    probability: str
    remarks: tuple[str, ...]
    evidence: str


class Captions:
    """Words on the predictions of one model.

    Args:
        predictor: the model.

    Attributes:
        model: name and version of the model, in words.
        positive: name of the positive side, whose probability is shown.
        point: operating point that makes the labels, in words.
        expected: sentence on sensitivity and specificity at the operating point; empty if these
            are not known.
        origin: sentence on the patients that the model was trained on; empty if not all are known.
        gate: sentence that says that the model could refuse nothing; empty if it could.
        about: sentences on the model.
    """

    def __init__(self, predictor: Predictor) -> None:
        info = predictor.info
        self._info = info
        self._threshold = predictor.operating_point.threshold
        self.model = f"Model {info.name}, version {info.version}"
        self.positive = positive_name(info.classes)
        self.gate = "" if predictor.refuses else "It could refuse no image."
        self.origin = _origin(info.population())
        self.expected = _expected(info, predictor.operating_point)
        self.about = " ".join(filter(None, (f"{self.model}.", self.origin, self.gate)))
        self.point = f"operating point {predictor.operating_point.name}"

    def caption(self, prediction: Prediction) -> Caption:
        """Words one prediction."""
        warnings = tuple(f"Warning: {warning.text}." for warning in prediction.warnings)
        if prediction.status is Status.ERROR:
            return Caption(FAILED, "", (prediction.error or "",), "")
        if prediction.label is None:
            reasons = tuple(f"Reason: {reason.text}." for reason in prediction.reasons)
            return Caption(REFUSED, "", (*reasons, *warnings), "")
        return Caption(
            prediction.label,
            f"Probability of {self.positive}: {prediction.probability:.3f}{_where(prediction)}. "
            f"Threshold: {self.threshold(prediction):.3f} ({self.point}).",
            warnings,
            f"Evidence for {prediction.label}",
        )

    def threshold(self, prediction: Prediction) -> float:
        """Returns the threshold, restated for the prevalence that the prediction is for."""
        if prediction.prevalence is None:
            return self._threshold
        ratio = odds_ratio(self._info, prediction.prevalence)
        return restated([1 - self._threshold, self._threshold], ratio)[1]

    def meaning(self, prediction: Prediction) -> str:
        """Says what the probability means among many images; empty without a label.

        It is a frequency only where the model was calibrated, and for the prevalence that it holds
        for.
        """
        calibration, given = self._info.calibration, prediction.probability
        if prediction.label is None or given is None:
            return ""
        if calibration is None or not calibration.fitted:
            return "The model is not calibrated: its probabilities rank images, and say no more."
        restated = prediction.prevalence
        holds = calibration.prevalence if restated is None else restated
        return (
            f"Where {_percent(holds)} of images show {self.positive}, {_percent(given)} of "
            "images with this probability do."
        )

    def summary(self, counts: Mapping[str, int]) -> str:
        """Words how many images got which heading.

        Args:
            counts: number of images by the heading of their caption.
        """
        order = [*self._info.classes, REFUSED, FAILED]
        found = [f"{counts[name]:,} {_in_text(name)}" for name in order if counts.get(name)]
        total = sum(counts.values())
        return f"{total:,} {'image' if total == 1 else 'images'}: {', '.join(found)}."


def _origin(population: str) -> str:
    if not population:
        return ""
    return f"Trained on images of {population}: its figures hold for no others."


def _expected(info: BundleInfo, point: OperatingPoint) -> str:
    if point.sensitivity is None or point.specificity is None or info.calibration is None:
        return ""
    patients = info.calibration.patients
    whom = (
        f"{patients} local patients"
        if info.chosen_locally
        else f"{patients} validation patients, and changed copies of their images"
    )
    return f"{point.describe(point.sensitivity, point.specificity)} That is on {whom}."


def _where(prediction: Prediction) -> str:
    given = prediction.prevalence
    return "" if given is None else f", restated for a prevalence of {given:g}"


def _percent(fraction: float) -> str:
    percent = round(100 * fraction)
    if percent in (0, 100):
        return "fewer than 1 %" if percent == 0 else "more than 99 %"
    return f"about {percent} %"


def _in_text(heading: str) -> str:
    return {REFUSED: "refused", FAILED: "without a prediction"}.get(heading, heading)
