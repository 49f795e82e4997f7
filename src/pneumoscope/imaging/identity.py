"""Whose radiograph a DICOM file is, told by its header alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_PREAMBLE = 128
_MAGIC = b"DICM"


@dataclass(frozen=True)
class PatientIdentity:
    """How a hospital names a patient: personal data, to be hashed before it is kept.

    Attributes:
        patient_id: PatientID (0010,0020).
        issuer: IssuerOfPatientID (0010,0021), who gave that number; empty if it is not said.
    """

    patient_id: str
    issuer: str = ""


def patient_of(path: Path) -> PatientIdentity | None:
    """Reads the patient off the header of a DICOM file; no pixels are read.

    Args:
        path: any file.

    Returns:
        The patient; None if the file is no DICOM file (with the preamble of PS3.10, 7.1), cannot
        be read, or names no patient.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            return None
        with path.open("rb") as file:
            if file.read(_PREAMBLE + len(_MAGIC))[_PREAMBLE:] != _MAGIC:
                return None
    except OSError:
        return None
    from pydicom import dcmread  # takes a third of a second to import

    try:
        ds = dcmread(
            path, stop_before_pixels=True, specific_tags=["PatientID", "IssuerOfPatientID"]
        )
        patient_id = str(ds.get("PatientID") or "").strip()
        issuer = str(ds.get("IssuerOfPatientID") or "").strip()
    except Exception:  # a broken header raises anything; reading the image will say what is wrong
        return None
    return PatientIdentity(patient_id, issuer) if patient_id else None
