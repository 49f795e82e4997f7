"""The plain records that cross from one room to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

from pneumoscope.errors import PneumoscopeError, SettingsError, Value

RECORD_SCHEMA = 2
"""Of the record of a prediction; in the first, reasons and warnings were sentences alone."""

RESEARCH_NOTICE = "Pneumoscope is a research tool, not a medical device: never a diagnosis."


class Label(IntEnum):
    """The published classes, with the numbers that the network gives them."""

    NORMAL = 0
    PNEUMONIA = 1


class Split(StrEnum):
    """The part of a data set that an image belongs to."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Evidence(StrEnum):
    """What told whose image a file is, the strongest first."""

    COLUMN = "column"
    """The column `patient` of a manifest."""
    HEADER = "PatientID"
    """PatientID of a DICOM header, with IssuerOfPatientID."""
    STUDY = "study"
    """StudyInstanceUID of a DICOM header, where its PatientID is nobody's: part of a patient."""
    NAME = "name"
    """The file name, by the rule of a known data set."""
    FILE = "file"
    """Nothing: the file stands for itself."""

    @property
    def hashed(self) -> bool:
        """Whether the patient's key was made under the secret of one user."""
        return self in (Evidence.COLUMN, Evidence.HEADER, Evidence.STUDY)


@dataclass(frozen=True)
class Notice:
    """What is to be known of an image, a data set or a result: a reason, a warning, a remark.

    Attributes:
        code: its kind, for programs: never renamed, and documented.
        text: the same for people, with the values in it; that of a prediction has no semicolon,
            which divides one reason from the next.
        values: what the text was made of, by name: numbers, all finite, and words.
    """

    code: str
    text: str
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, error: PneumoscopeError) -> Notice:
        """Keeps what an error says, for what goes on without the file that caused it."""
        return cls(error.code, str(error), error.values)

    @classmethod
    def parse(cls, content: Mapping[str, Any] | str) -> Notice:
        """Reads itself from JSON types, or from the sentence that stood there before codes."""
        if isinstance(content, str):
            return cls("uncoded", content)
        values = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in content["values"].items()
        }
        return cls(content["code"], content["text"], values)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {"code": self.code, "text": self.text, "values": dict(self.values)}


class Status(StrEnum):
    """What became of an image that was to be predicted."""

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


@dataclass(frozen=True)
class ImageRecord:
    """One image of a data set, before its pixels are read.

    Attributes:
        path: the file.
        label: index of its class in the data set's class names.
        patient: key of the patient, the same for all images of one patient.
        evidence: what told the patient.
        split: where the data set, or the split, puts it; None before it is split.
        subgroup: a finer kind within the class, such as "bacterial"; empty if none is known.
        groups: what else images are told apart by, such as {"sex": "F"}; may cut across classes.
        sha256: of the bytes of the source file, in hex; empty until they have been read.
        patient_known: whether more than the file itself tells the patient; where it does not, the
            evidence is the file.
    """

    path: Path
    label: int
    patient: str
    evidence: Evidence = Evidence.NAME
    split: Split | None = None
    subgroup: str = ""
    groups: Mapping[str, str] = field(default_factory=dict, hash=False)
    sha256: str = ""
    patient_known: bool = True

    def __post_init__(self) -> None:
        if self.evidence is Evidence.FILE:
            object.__setattr__(self, "patient_known", False)
        if not self.patient_known:
            object.__setattr__(self, "evidence", Evidence.FILE)


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95 % interval; None stands for what cannot be computed.

    Attributes:
        value: the measure on the images as they are.
        low: lower end of the interval.
        high: upper end of the interval.
    """

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.value is None:
            return "not computable"
        if self.low is None or self.high is None:
            return f"{self.value:.3f} (interval not computable)"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Undecided:
    """Probabilities between which no label is given.

    Attributes:
        low: the least of them, in [0, 1].
        high: the least above them, in [0, 1].
        share: of the validation images between them, which chose them.
        error: share of the other validation images that are called wrong, likewise.
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
        """Whether an image of this probability goes without a label."""
        return self.low <= probability < self.high


@dataclass(frozen=True)
class OperatingPoint:
    """A named threshold: an image is called positive at a probability of `threshold` or more.

    Attributes:
        name: of the point.
        threshold: in [0, 1].
        sensitivity: at this threshold, on the validation patients that it was chosen on, which
            flatters it; None if it was chosen on none.
        specificity: likewise.
        undecided: around the threshold, where the gate gives no label; None if it always does.
    """

    name: str = "default"
    threshold: float = 0.5
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    undecided: Undecided | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold <= 1.0:
            raise SettingsError(
                "The threshold is out of range",
                expected="0 to 1",
                received=f"{self.threshold}",
                code="out-of-range",
                values={"setting": "threshold", "received": self.threshold},
            )


@dataclass(frozen=True)
class Calibration:
    """What the probabilities of a network were fitted to, and what that has changed.

    Attributes:
        fitted: whether they were; if not, they put images in an order and are no frequencies.
        temperature: what the logits were divided by; 1 if nothing was fitted.
        biases: what was then added to the logit of each class; the first is 0.
        prevalence: share of the validation images that are positive, which the probabilities
            hold for, in [0, 1].
        images: number of validation images.
        patients: number of their patients.
        before: `log_loss`, `brier` and `ece` on these images before the fit; None for what
            cannot be computed.
        after: the same after it; the fit was made on the same images, which flatters it.
        notices: what could not be fitted or chosen, and why.
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


@dataclass(frozen=True)
class Prediction:
    """What the model says of one image: the same record from every surface.

    Attributes:
        path: the file as the user named it; "-" for standard input.
        status: accepted, refused, or error (there is no prediction).
        label: name of the predicted class; None if it was refused or on error.
        probability: of the positive class, in [0, 1]: of all classes but the first, which
            is the reference (Normal). None on error. Of a refused image it means nothing but what
            the network would have said.
        probabilities: by class name, adding up to one; empty on error.
        reasons: why it was refused; empty otherwise.
        operating_point: name of the threshold that made the label, always of the probability
            before it was restated.
        model: name and version of the model.
        error: one line that says why: the file could not be read, or the network gave no number;
            None otherwise.
        error_code: the same for programs, the `code` of the error; None otherwise.
        prevalence: share of positive images that the probabilities were restated for; None if
            they are those of the model.
        warnings: what to know before its label is believed; empty if nothing stood out.
        distance: from the training images, about 1 for these themselves; None if it was not
            measured.
        gate: whether the image could have been refused.
        heatmap: the file with its heatmap; None if there is none.
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
    gate: bool = False
    heatmap: str | None = None

    def withheld(self) -> Prediction:
        """Itself without its label if it was refused: nobody shall act on that."""
        return replace(self, label=None) if self.status is Status.REFUSED else self

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON types, in the order in which a person would read it."""
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
            "gate": self.gate,
            "operating_point": self.operating_point,
            "prevalence": self.prevalence,
            "heatmap": self.heatmap,
            "model": dict(self.model),
            "error": self.error,
            "error_code": self.error_code,
        }
