"""What is derived from a radiograph and its prediction: DICOM files for the archive of it."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO

from highdicom import SOPClass
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pydicom.valuerep import DT

from pneumoscope.derived.capture import make_capture
from pneumoscope.derived.header import read_radiograph
from pneumoscope.derived.kinds import Kind
from pneumoscope.derived.material import Material
from pneumoscope.derived.parametric_map import make_map
from pneumoscope.derived.report import make_report
from pneumoscope.imaging import Source
from pneumoscope.imaging.quiet import undisturbed
from pneumoscope.inference import Explanation, Predictor

# It logs names that it doubts, and nothing about patients is logged.
logging.getLogger("highdicom").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Result:
    """An object derived from a radiograph.

    Attributes:
        kind: kind of the object.
        uid: its SOPInstanceUID.
        data: the whole DICOM file: preamble, meta information, Explicit VR Little Endian.
    """

    kind: Kind
    uid: UID
    data: bytes = field(repr=False)


def derive(
    source: Source,
    explanation: Explanation,
    predictor: Predictor,
    when: datetime,
    kinds: Collection[Kind] = tuple(Kind),
) -> list[Result]:
    """Derives DICOM objects from a radiograph and its prediction.

    The same radiograph, model and time give the same bytes, and the same UIDs at any time.

    Args:
        source: DICOM file of the radiograph.
        explanation: its prediction, accepted or refused, and its heatmap.
        predictor: the model that predicted it.
        when: time that the objects say they were made at, in the time zone of the archive.
        kinds: kinds of objects to derive.

    Returns:
        The objects, in the order of `Kind`; no map where there is no heatmap.

    Raises:
        ImageError: if the file cannot be read.
    """
    material = Material(source, read_radiograph(source), explanation, predictor, when)
    with undisturbed():
        return [
            _finish(made, kind, material)
            for kind in Kind
            if kind in kinds and (made := _make(kind, material)) is not None
        ]


def _make(kind: Kind, material: Material) -> SOPClass | None:
    if kind is Kind.REPORT:
        return make_report(material)
    if kind is Kind.CAPTURE:
        return make_capture(material)
    heatmap = material.explanation.heatmap
    return None if heatmap is None else make_map(material, heatmap)


def _finish(made: SOPClass, kind: Kind, material: Material) -> Result:
    """Carries patient and study over, names the true class of the radiograph, and encodes."""
    header = material.radiograph.header
    made.copy_patient_and_study_information(header)
    made.InstanceCreationDate, made.InstanceCreationTime = made.ContentDate, made.ContentTime
    made.ContributingEquipmentSequence[-1].ContributionDateTime = DT(material.when)  # of highdicom

    def settle(item: Dataset, element: DataElement) -> None:
        own = item.get("ReferencedSOPInstanceUID") == header.SOPInstanceUID
        if own and element.keyword == "ReferencedSOPClassUID":
            element.value = material.radiograph.sop_class

    made.walk(settle)
    stream = BytesIO()
    made.save_as(stream, enforce_file_format=True)
    return Result(kind, UID(made.SOPInstanceUID), stream.getvalue())
