"""Origin of a picture: a detector, a secondary capture or a program. Clauses are of DICOM PS3.3."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from PIL.PngImagePlugin import PngInfo

from pneumoscope.imaging.header import text, texts

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_NAME = "pneumoscope"
_SOFTWARE = "Software"  # a registered keyword of PNG, 11.3.3.2
# Phantoms, which stand in for radiographs, carry the name alone.
_RESULTS = ("Pneumoscope heatmap", "Pneumoscope figure")
# Attributes in which a program that makes a picture puts its name.
_MAKERS = (
    "Manufacturer",
    "ManufacturerModelName",
    "SoftwareVersions",
    "DerivationDescription",
    "SecondaryCaptureDeviceManufacturer",
    "SecondaryCaptureDeviceManufacturerModelName",
    "SecondaryCaptureDeviceSoftwareVersions",
)
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7."  # .1 to .4: several frames
# Defined terms of ConversionType (C.8.6.1).
_FILM = {"DF", "SI"}
_DRAWN = {"SYN", "DRW", "SD", "DV"}
_WORKSTATION = "WSD"
_PROJECTIONS = {"CR", "DX", "DR", "RG"}


class Origin(StrEnum):
    """Origin of a picture.

    Attributes:
        DETECTOR: a detector, as far as the file says.
        CAPTURE: a secondary capture that may be a radiograph: scanned film, or a converted one.
        DERIVED: a secondary capture of a screen, a drawing or a document.
        OWN: a result of this program.
    """

    DETECTOR = "detector"
    CAPTURE = "capture"
    DERIVED = "derived"
    OWN = "own"


def own_mark(made_of: str) -> PngInfo:
    """Makes the text that marks a heatmap as a result, for `PIL.Image.save(pnginfo=...)`.

    Args:
        made_of: digest of the model and the radiograph.
    """
    mark = PngInfo()
    mark.add_text(_SOFTWARE, _RESULTS[0])
    mark.add_text("made-of", made_of)
    return mark


def origin_of_raster(info: Mapping[Any, Any]) -> Origin:
    """Determines the origin of a picture from the metadata that Pillow reads."""
    return Origin.OWN if info.get(_SOFTWARE) in _RESULTS else Origin.DETECTOR


def origin_of_dicom(ds: Dataset) -> Origin:
    """Determines the origin of a picture from its DICOM header.

    A secondary capture whose conversion type is that of film counts as scanned film. The conversion
    type WSD (workstation) also occurs in collections of converted radiographs, which then keep
    their modality.
    """
    capture = f"{text(ds, 'SOPClassUID')}.".startswith(_SECONDARY_CAPTURE)
    makers = (*_MAKERS, "SeriesDescription") if capture else _MAKERS
    if any(_NAME in text(ds, keyword).casefold() for keyword in makers):
        return Origin.OWN
    if not capture:
        return Origin.DETECTOR
    if text(ds, "ConversionType") in _FILM:
        return Origin.CAPTURE
    return Origin.DERIVED if _is_derived(ds) else Origin.CAPTURE


def _is_derived(ds: Dataset) -> bool:
    conversion = text(ds, "ConversionType")
    return (
        [kind.upper() for kind in texts(ds, "ImageType")[:2]] == ["DERIVED", "SECONDARY"]
        or conversion in _DRAWN
        or (conversion == _WORKSTATION and text(ds, "Modality") not in _PROJECTIONS)
    )
