"""Kinds of DICOM objects that a prediction is returned as, and the identity of each object."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydicom.uid import UID


class Kind(StrEnum):
    """Kind of an object that is derived from a radiograph and its prediction."""

    REPORT = "report"
    """Comprehensive SR by TID 1500: the prediction as coded measurements."""
    MAP = "map"
    """Parametric Map: the heatmap as numbers, which viewers lay over the radiograph."""
    CAPTURE = "capture"
    """Secondary Capture: radiograph and overlay as a picture, for viewers that show no maps."""


@dataclass(frozen=True)
class Series:
    """The series that the objects of one kind are in, within the study of the radiograph.

    Attributes:
        number: SeriesNumber (0020,0011).
        description: SeriesDescription (0008,103E), at most 64 characters.
    """

    number: int
    description: str


SERIES = {
    Kind.REPORT: Series(901, "Pneumoscope report, for research only"),
    Kind.MAP: Series(902, "Pneumoscope heatmap, for research only"),
    Kind.CAPTURE: Series(903, "Pneumoscope picture, for research only"),
}
"""Series of each kind. By its description, the reader knows a result of its own."""


def derived_uid(source: str, model_sha256: str, kind: Kind, level: str) -> UID:
    """Derives a UID, so that the same result sent again is the same object, and never a second one.

    Args:
        source: SOPInstanceUID of the radiograph; its StudyInstanceUID for what is shared by the
            objects of a study.
        model_sha256: SHA-256 of the bundle, in hex.
        kind: kind of the object.
        level: what the UID is of, such as "instance" or "series".

    Returns:
        A UID below 2.25, which takes the 128 bits of a UUID of version 8 (PS3.5 B.2, RFC 9562).
    """
    return made_uid(source, model_sha256, kind, level)


def made_uid(*parts: str) -> UID:
    """Derives a UID from what identifies a thing; the same parts give the same UID."""
    text = "\0".join(parts)
    made = bytearray(hashlib.sha256(text.encode()).digest()[:16])
    made[6] = made[6] & 0x0F | 0x80
    made[8] = made[8] & 0x3F | 0x80
    return UID(f"2.25.{UUID(bytes=bytes(made)).int}")
