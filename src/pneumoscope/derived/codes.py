"""Coded concepts of the report: those of SNOMED CT and DICOM, and those of our own scheme."""

from __future__ import annotations

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes

from pneumoscope.derived.values import one_line
from pneumoscope.gate import TITLES
from pneumoscope.notices import Notice
from pneumoscope.version import __version__

SCHEME = "99PNEUMOSCOPE"
"""Designator of our own coding scheme; "99" begins that of a private one (PS3.3 8.2)."""

NOT_EVALUATED = CodedConcept.from_code(codes.SCT.NotEvaluated)
_CLASSES = {
    "normal": CodedConcept("17621005", "SCT", "Normal"),
    "pneumonia": CodedConcept("233604007", "SCT", "Pneumonia"),
}


def own_code(value: str, meaning: str) -> CodedConcept:
    """Makes a concept of our own scheme; a value above 16 characters is a Long Code Value.

    Args:
        value: code, never renamed, cut to 64 characters (PS3.3 8.1).
        meaning: meaning in words, cut to 64 characters.
    """
    return CodedConcept(one_line(value), SCHEME, one_line(meaning))


PREDICTION = own_code("prediction", "Prediction from a chest radiograph, for research only")
REASON = own_code("reason", "Reason for not evaluating")
WARNING = own_code("warning", "Warning")
THRESHOLD = own_code("threshold", "Threshold of the operating point")


def probability_of(positive: str) -> CodedConcept:
    """Makes the name of the measured probability, which says of what it is."""
    return own_code(f"P-{positive}", f"Probability of {positive}")


def class_code(name: str) -> CodedConcept:
    """Codes a predicted class: by SNOMED CT where its name is known there, else by our scheme."""
    return _CLASSES.get(name.casefold()) or own_code(f"class-{name}", name)


def notice_code(notice: Notice) -> CodedConcept:
    """Codes a reason or a warning, by its own code."""
    return own_code(notice.code, TITLES.get(notice.code, notice.code))


def own_scheme() -> CodingSchemeIdentificationItem:
    """Declares our scheme (PS3.3 C.12.1, Coding Scheme Identification Sequence)."""
    return CodingSchemeIdentificationItem(
        SCHEME,
        name="Codes of Pneumoscope",
        version=__version__,
        responsible_organization="Pneumoscope",
    )
