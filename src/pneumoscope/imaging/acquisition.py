"""What a file says of how its picture was taken. Clauses are those of the DICOM Standard, PS3.3."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from pneumoscope.errors import ImageError
from pneumoscope.imaging.quiet import without_warnings
from pneumoscope.imaging.read import REMEDY, Source, sniff

_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}  # PS3.5 6.2, AS


@dataclass(frozen=True)
class Acquisition:
    """How a picture was taken; what the file does not say is empty.

    Attributes:
        width: pixels, as stored.
        height: pixels, as stored.
        body_part: `BodyPartExamined` (C.7.3.1), in capitals.
        view: `ViewPosition` (C.8.1.1, C.8.11.5), in capitals.
        intent: `PresentationIntentType` (C.8.11.1), in capitals.
        age: `PatientAge` (C.7.2.2), in years.
    """

    width: int
    height: int
    body_part: str = ""
    view: str = ""
    intent: str = ""
    age: float | None = None


def read_acquisition(source: Source) -> Acquisition:
    """Reads the header of an image file; no pixels are decoded.

    Raises:
        ImageError: if there is no header that can be read.
    """
    kind = sniff(source)
    try:
        with without_warnings():
            if kind == "DICOM":
                return _of_dicom(source)
            with Image.open(BytesIO(source.data), formats=[kind]) as image:
                return Acquisition(*image.size)
    except ImageError:
        raise
    except Exception as error:  # decoders raise whatever a broken file leads them to
        raise ImageError(f"{source.name} is a broken {kind}: {error}", remedy=REMEDY) from error


def _of_dicom(source: Source) -> Acquisition:
    from pneumoscope.imaging.dicom import read_header  # loads pydicom and its codecs

    ds = read_header(source)
    return Acquisition(
        width=int(ds.Columns),
        height=int(ds.Rows),
        body_part=str(ds.get("BodyPartExamined") or "").strip().upper(),
        view=str(ds.get("ViewPosition") or "").strip().upper(),
        intent=str(ds.get("PresentationIntentType") or "").strip().upper(),
        age=_years(str(ds.get("PatientAge") or "").strip().upper()),
    )


def _years(age: str) -> float | None:
    number, unit = age[:-1], age[-1:]
    return int(number) * _YEARS[unit] if number.isdecimal() and unit in _YEARS else None
