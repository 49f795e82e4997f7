"""Radiographs as an archive has them, whose headers name their patient."""

from __future__ import annotations

from datetime import date

from pydicom.uid import ComputedRadiographyImageStorage

from tests.conftest import picture
from tests.imaging.dicoms import LOSSLESS, dicom

STUDY, SERIES, UID = "1.2.826.77.1", "1.2.826.77.2", "1.2.826.77.4"
NAME = "Qz-name"


def radiograph(number: int = 1, syntax: str = "explicit", **changes: object) -> bytes:
    """The file of a radiograph of today, by its number."""
    elements = {
        "PatientName": NAME,
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": SERIES,
        "SOPInstanceUID": f"{UID}.{number}",
        "SOPClassUID": ComputedRadiographyImageStorage,
        "Modality": "CR",
        "StudyDate": f"{date.today():%Y%m%d}",
        **changes,
    }
    return dicom(picture(seed=number), LOSSLESS[syntax], **elements)
