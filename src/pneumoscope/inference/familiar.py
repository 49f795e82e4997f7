"""Warnings of images that a model was made with: what it says of these proves nothing."""

from __future__ import annotations

from pathlib import Path

from pneumoscope.bundle import Seen
from pneumoscope.imaging import Source
from pneumoscope.imaging.identity import patient_in
from pneumoscope.known import identify
from pneumoscope.notices import Notice
from pneumoscope.pseudonym import is_own_key, pseudonym

_IMAGE = "the model was trained or chosen on this very image: what it says of it proves nothing"
_PATIENT = (
    "the model was trained or chosen on other images of this patient, as the {} tells: what it "
    "says of this one proves little"
)


class Memory:
    """The images and patients that a model was made with, to compare others with.

    Args:
        seen: their hashes.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        # Identifiers that were hashed under another secret key cannot be compared.
        self._reads_headers = bool(seen.patient_key) and is_own_key(seen.patient_key)

    def recall(self, source: Source) -> tuple[Notice, ...]:
        """Warns if a model was trained or chosen on an image, or on others of its patient.

        The patient of a DICOM file is known by its header, that of a picture by its name, where
        this is as in a known data set. Names that others write too tell no patient, since a single
        image does not show what lies beside it.

        Args:
            source: bytes of the file.

        Returns:
            The warning, if there is one.

        Raises:
            ImageError: if the format of the file is not known.
        """
        if self._seen.has_image(source.sha256):
            return (Notice("seen-image", _IMAGE),)
        patient, told_by = patient_of(source, headers=self._reads_headers)
        if not patient or not self._seen.has_patient(patient):
            return ()
        return (Notice("seen-patient", _PATIENT.format(told_by)),)


def patient_of(source: Source, *, headers: bool) -> tuple[str, str]:
    """Finds the key of the patient of a single file.

    Args:
        source: bytes of the file.
        headers: True to read identifiers in headers, which are hashed under the secret key of this
            user.

    Returns:
        The key, empty if the patient is not known; and what it is known by, "header" or
        "file name".

    Raises:
        ImageError: if the format of the file is not known.
    """
    header = patient_in(source)
    if header is None:
        named = identify(source.file_name or Path(source.name).name)
        return named.patient if named and not named.common else "", "file name"
    if not (headers and header.patient_id):
        return "", "header"
    return pseudonym(header.patient_id, header.issuer), "header"
