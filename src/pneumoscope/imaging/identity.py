"""Patient identifiers in the header of a DICOM file, read without its pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.errors import ImageError
from pneumoscope.imaging.formats import BARE, HEAD, sniff
from pneumoscope.imaging.quiet import undisturbed
from pneumoscope.imaging.source import Source

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SUFFIXES = {".dcm", ".dicom", ".dic", ".ima"}
_PADDING = " \0\t\r\n"
_KEYWORDS = {
    "patient_id": "PatientID",
    "issuer": "IssuerOfPatientID",
    "study": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instance": "SOPInstanceUID",
    "sex": "PatientSex",
    "birth_date": "PatientBirthDate",
    "removed": "PatientIdentityRemoved",
}


@dataclass(frozen=True)
class PatientIdentity:
    """Patient identifiers of a header: personal data, to be hashed before they are kept.

    What the header does not say is empty. Only spaces and padding around a value are taken off:
    "001" and "1" are two patients, and so are "a1" and "A1".

    Attributes:
        patient_id: PatientID (0010,0020).
        issuer: IssuerOfPatientID (0010,0021), the organisation that gave this identifier.
        study: StudyInstanceUID (0020,000D).
        series: SeriesInstanceUID (0020,000E).
        instance: SOPInstanceUID (0008,0018).
        sex: PatientSex (0010,0040).
        birth_date: PatientBirthDate (0010,0030).
        removed: PatientIdentityRemoved (0012,0062), YES if the file was de-identified, or NO.
    """

    patient_id: str = ""
    issuer: str = ""
    study: str = ""
    series: str = ""
    instance: str = ""
    sex: str = ""
    birth_date: str = ""
    removed: str = ""


def patient_of(path: Path) -> PatientIdentity | None:
    """Reads the patient identifiers from the header of a DICOM file; no pixels are read.

    Args:
        path: path of any file.

    Returns:
        The identifiers, empty where the header cannot be read. None if the file is no DICOM file,
        by its first bytes, or by its extension if they are not those of a picture.
    """
    head = _read_head(path)
    try:
        kind = sniff(Source(str(path), head))
    except ImageError:
        bare = head.startswith(BARE) or path.suffix.casefold() in _SUFFIXES
        return PatientIdentity() if bare else None
    return _parse(path) if kind == "DICOM" else None


def patient_in(source: Source) -> PatientIdentity | None:
    """Reads the patient identifiers from the header of a DICOM file that is in memory.

    Returns:
        The identifiers, empty where the header cannot be read. None if the file is no DICOM file.

    Raises:
        ImageError: if the format of the file is not known.
    """
    if sniff(source) != "DICOM":
        return None
    from pneumoscope.imaging.dicom import read_header  # loads pydicom and its codecs

    return _identifiers(lambda: read_header(source))


def _read_head(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would be waited for
            return b""
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""


def _parse(path: Path) -> PatientIdentity:
    from pydicom import dcmread  # takes a third of a second to import

    tags = [*_KEYWORDS.values()]
    return _identifiers(lambda: dcmread(path, stop_before_pixels=True, specific_tags=tags))


def _identifiers(read: Callable[[], Dataset]) -> PatientIdentity:
    try:
        with undisturbed():
            ds = read()
            return PatientIdentity(
                **{
                    name: str(ds.get(keyword) or "").strip(_PADDING)
                    for name, keyword in _KEYWORDS.items()
                }
            )
    except Exception:  # of any kind, from a broken header; reading the image reports it
        return PatientIdentity()
