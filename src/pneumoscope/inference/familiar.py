"""Warnings of images that a model was made with: what it says of these proves nothing."""

from __future__ import annotations

from pathlib import PurePath

from pneumoscope.bundle import Seen
from pneumoscope.known import identify
from pneumoscope.notices import Notice


def recall(seen: Seen, sha256: str, path: str) -> tuple[Notice, ...]:
    """Recalls whether a model was trained or chosen on an image, or on others of its patient.

    The patient is known by the file name, by the rule of a known data set. Names that others write
    too tell no patient, since a single image does not show what lies beside it.

    Args:
        seen: hashes of the images and patients that the model was made with.
        sha256: SHA-256 of the file, in hex.
        path: path or name of the file.

    Returns:
        The warning, if there is one.
    """
    if seen.has_image(sha256):
        text = (
            "the model was trained or chosen on this very image: what it says of it proves nothing"
        )
        return (Notice("seen-image", text),)
    known = identify(PurePath(path).name)
    if known and not known.common and seen.has_patient(known.patient):
        text = (
            "the model was trained or chosen on other images of this patient, as the file name "
            "tells: what it says of this one proves little"
        )
        return (Notice("seen-patient", text),)
    return ()
