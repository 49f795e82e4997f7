"""Records that several packages share: images, predictions, estimates, thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

from pneumoscope.errors import SettingsError, out_of_range
from pneumoscope.notices import Notice

RECORD_SCHEMA = 2
"""Schema version of the record of a prediction; in version 1, reasons were sentences alone."""

RESEARCH_NOTICE = "Pneumoscope is a research tool, not a medical device: never a diagnosis."

_NOT_WORKED = {"no-better-than-chance", "all-called-alike"}


class Label(IntEnum):
    """The published classes, with their indices in the outputs of the network."""

    NORMAL = 0
    PNEUMONIA = 1


class Split(StrEnum):
    """Split of a data set that an image belongs to."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Evidence(StrEnum):
    """Source of the patient key of an image, the most reliable first."""

    COLUMN = "column"
    """Column `patient` of a manifest."""
    HEADER = "PatientID"
    """PatientID of a DICOM header, with IssuerOfPatientID."""
    STUDY = "study"
    """StudyInstanceUID of a DICOM header whose PatientID identifies nobody: one study."""
    NAME = "name"
    """File name, by the rule of a known data set."""
    FILE = "file"
    """None: the image counts as a patient of its own."""

    @property
    def hashed(self) -> bool:
        """True if the patient key was made under the secret key of one user."""
        return self in (Evidence.COLUMN, Evidence.HEADER, Evidence.STUDY)


class Status(StrEnum):
    """Status of the prediction of an image."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    ERROR = "error"


@dataclass(frozen=True)
class Geometry:
    """The pixel grid that a network reads: one 8-bit grey channel of `height` x `width`.

    The image is squashed to it: both sides are scaled on their own, without crop or border.
    """

    height: int = 224
    width: int = 224

    def __post_init__(self) -> None:
        if not (32 <= self.height <= 1024 and 32 <= self.width <= 1024):
            raise SettingsError(
                "The image size is out of range",
                expected="32 to 1024 pixels a side",
                received=f"{self.height}x{self.width}",
                code="out-of-range",
                values={"setting": "geometry", "height": self.height, "width": self.width},
            )


SOURCE = "source"
"""Name of the subgroup that tells the source of an image, such as an institution."""

_NO_GROUPS: Mapping[str, str] = {}  # one for all, as a data set may have a million images


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One image of a data set, before its pixels are read.

    Attributes:
        path: path of the file.
        label: index of the true class in the class names of the data set.
        patient: key of the patient, the same for all images of one patient.
        evidence: source of the patient key.
        split: split that the image belongs to; None before the data set is split.
        subgroup: subgroup within the class, such as "bacterial"; empty if none is known.
        groups: further subgroups by their column, such as {"sex": "F"}, also across classes.
        sha256: SHA-256 of the bytes of the source file, in hex; empty until they have been read.
        patient_known: True if the patient is known from more than the file itself; otherwise the
            evidence is `Evidence.FILE`.
    """

    path: Path
    label: int
    patient: str
    evidence: Evidence = Evidence.NAME
    split: Split | None = None
    subgroup: str = ""
    groups: Mapping[str, str] = field(default_factory=lambda: _NO_GROUPS, hash=False)
    sha256: str = ""
    patient_known: bool = True

    @property
    def source(self) -> str:
        """Institution or collection that the image comes from; empty if it is not known."""
        return self.groups.get(SOURCE, "")

    def __post_init__(self) -> None:
        if self.evidence is Evidence.FILE:
            object.__setattr__(self, "patient_known", False)
        if not self.patient_known:
            object.__setattr__(self, "evidence", Evidence.FILE)


class Method(StrEnum):
    """Method by which a confidence interval was computed."""

    BOOTSTRAP = "bootstrap"
    """Percentiles of a bootstrap of patients."""
    EXACT = "clopper-pearson"
    """Clopper and Pearson's, by the number of patients: that of a proportion of 0 or 1."""
    COMBINED = "newcombe"
    """Newcombe's, of a difference: from the intervals of the two measures."""


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95 % confidence interval; None stands for what cannot be computed.

    Attributes:
        value: value of the measure on the images as they are.
        low: lower end of the interval.
        high: upper end of the interval.
        method: method of the interval, or the one that could not compute it.
    """

    value: float | None
    low: float | None
    high: float | None
    method: Method = Method.BOOTSTRAP

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Estimate:
        """Reads an estimate from JSON.

        Raises:
            KeyError, TypeError, ValueError: if it is malformed.
        """
        # before there was a choice, nothing named the method
        return cls(**{**content, "method": Method(content.get("method", Method.BOOTSTRAP))})

    def __str__(self) -> str:
        if self.value is None:
            return "not computable"
        if self.low is None or self.high is None:
            return f"{self.value:.3f} (interval not computable)"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Undecided:
    """Undecided zone: probabilities between which no label is given.

    Attributes:
        low: lower end of the zone, which belongs to it, in [0, 1].
        high: upper end of the zone, which lies outside of it, in [0, 1].
        share: fraction of the validation images in the zone, which was chosen on them.
        error: fraction of the other validation images that are classified wrongly.
    """

    low: float
    high: float
    share: Estimate
    error: Estimate

    def __post_init__(self) -> None:
        if not 0.0 <= self.low < self.high <= 1.0:
            raise SettingsError(
                "The probabilities without a label are out of range",
                expected="two that rise, from 0 to 1",
                received=f"{self.low} and {self.high}",
            )

    def holds(self, probability: float) -> bool:
        """Returns whether an image of this probability gets no label."""
        return self.low <= probability < self.high


@dataclass(frozen=True)
class SourceRates:
    """Sensitivity and specificity in one source of images: at a threshold, and at a foreign one.

    A rate of a class that the source has no images of has the value None.

    Attributes:
        source: name of the source.
        sensitivity: sensitivity in this source, at the threshold that was chosen on all sources.
        specificity: specificity in this source, at that threshold.
        foreign_threshold: threshold that was chosen in the same way on other hospitals alone, in
            [0, 1]; None if they allow no choice.
        foreign_sensitivity: sensitivity in this source, at the foreign threshold if there is one.
        foreign_specificity: specificity in this source, at the foreign threshold if there is one.
    """

    source: str
    sensitivity: Estimate
    specificity: Estimate
    foreign_threshold: float | None = None
    foreign_sensitivity: Estimate | None = None
    foreign_specificity: Estimate | None = None


@dataclass(frozen=True)
class OperatingPoint:
    """A named threshold: an image is called positive at a probability of `threshold` or more.

    Attributes:
        name: name of the operating point.
        threshold: least probability that is called positive, in [0, 1].
        sensitivity: sensitivity at this threshold, on the validation patients that it was chosen
            on, and so optimistic; None if it was chosen on none.
        specificity: specificity at this threshold, on the validation patients that it was chosen
            on, and so optimistic; None if it was chosen on none.
        undecided: undecided zone about the threshold, in which the gate gives no label; None if
            there is none.
        sources: how the threshold holds in each source of the validation images; empty if they
            are of one source, or none is known.
    """

    name: str = "default"
    threshold: float = 0.5
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    undecided: Undecided | None = None
    sources: tuple[SourceRates, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold <= 1.0:
            raise out_of_range("threshold", self.threshold, "0 to 1")

    def describe(self, sensitivity: Estimate, specificity: Estimate) -> str:
        """Words a sensitivity and a specificity at this operating point in a sentence."""
        return (
            f"At the operating point {self.name}, sensitivity is {sensitivity} and specificity "
            f"{specificity}."
        )


@dataclass(frozen=True)
class SourceCalibration:
    """Calibration of the images that are nearest to some of the sources of the training.

    Attributes:
        sources: names of these sources.
        temperature: temperature by which their logits were divided, after the calibration of all.
        biases: bias added to the divided logit of each class; the first is 0.
        images: number of validation images that it was fitted to.
        patients: number of patients of these images.
    """

    sources: tuple[str, ...]
    temperature: float
    biases: tuple[float, ...]
    images: int
    patients: int


@dataclass(frozen=True)
class Calibration:
    """Calibration of the probabilities of a network, and its effect.

    Attributes:
        fitted: True if the probabilities were calibrated; otherwise they rank images, but are no
            frequencies.
        temperature: temperature by which the logits were divided; 1 if nothing was fitted.
        biases: bias added to the divided logit of each class; the first is 0.
        prevalence: fraction of positive images for which the probabilities hold, in [0, 1]: that
            of the validation images, or the one where all classes are alike.
        images: number of validation images.
        patients: number of patients of the validation images.
        before: `log_loss`, `brier` and `ece` on the validation images before the fit; None for
            what cannot be computed.
        after: `log_loss`, `brier` and `ece` after the fit, on the same images and so optimistic.
        notices: notices on what could not be fitted or chosen, and why.
        by_source: calibrations upon this one, of which each image has that of the source that it is
            nearest to; empty where all images have this one alone.
    """

    fitted: bool
    temperature: float
    biases: tuple[float, ...]
    prevalence: float
    images: int
    patients: int
    before: Mapping[str, float | None]
    after: Mapping[str, float | None]
    notices: tuple[Notice, ...] = ()
    by_source: tuple[SourceCalibration, ...] = ()

    @property
    def doubts(self) -> tuple[Notice, ...]:
        """The notices that say that the training has not worked."""
        return tuple(notice for notice in self.notices if notice.code in _NOT_WORKED)

    @property
    def changes(self) -> bool:
        """True if it changes probabilities at all; that of an ensemble changes none."""
        return self.temperature != 1 or any(self.biases)


@dataclass(frozen=True)
class Prediction:
    """Record of the prediction of one image, the same in Python, JSON and CSV.

    Attributes:
        path: path of the file as the user named it; "-" for standard input.
        status: status of the image: accepted, refused, or error (there is no prediction).
        label: name of the predicted class; None if the image was refused or on error.
        probability: probability of the positive side, in [0, 1]: of all classes but the first,
            which is the reference (Normal). None on error. Of a refused image it is the output of
            the network, and not to be relied on.
        probabilities: probability of each class by its name, adding up to one; empty on error.
        reasons: reasons for refusal; empty if the image was not refused.
        operating_point: name of the operating point whose threshold made the label, always from
            the probability before it was restated.
        model: name and version of the model.
        error: message, on one line, if the file could not be read or the network gave no finite
            probability; None otherwise.
        error_code: code of that error, for programs; None otherwise.
        prevalence: fraction of positive images for which the probabilities were restated; None if
            they are those of the model.
        warnings: warnings to consider before the label is relied on; empty if there are none.
        distance: out-of-distribution score, about 1 for the training images themselves; None if
            it was not measured.
        nearest_source: source of the training images that it is nearest to, which is not where it
            comes from; None if it was not measured, or the model was trained on images of one
            source or of unknown ones.
        gate: True if the image could have been refused.
        heatmap: path of the picture of the image beside its heatmap; None if there is none.
    """

    path: str
    status: Status
    model: Mapping[str, str]
    label: str | None = None
    probability: float | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[Notice, ...] = ()
    operating_point: str | None = None
    error: str | None = None
    error_code: str | None = None
    prevalence: float | None = None
    warnings: tuple[Notice, ...] = ()
    distance: float | None = None
    nearest_source: str | None = None
    gate: bool = False
    heatmap: str | None = None

    def withheld(self) -> Prediction:
        """Returns the record without its label if the image was refused: nobody shall act on it."""
        return replace(self, label=None) if self.status is Status.REFUSED else self

    def to_dict(self) -> dict[str, Any]:
        """Converts the record to plain JSON types, in the order in which a person would read it."""
        return {
            "schema_version": RECORD_SCHEMA,
            "path": self.path,
            "label": self.label,
            "probability": self.probability,
            "probabilities": dict(self.probabilities),
            "status": self.status.value,
            "reasons": [reason.to_dict() for reason in self.reasons],
            "warnings": [warning.to_dict() for warning in self.warnings],
            "distance": self.distance,
            "nearest_source": self.nearest_source,
            "gate": self.gate,
            "operating_point": self.operating_point,
            "prevalence": self.prevalence,
            "heatmap": self.heatmap,
            "model": dict(self.model),
            "error": self.error,
            "error_code": self.error_code,
        }
