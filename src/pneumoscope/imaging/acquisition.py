"""Acquisition data in the header of an image file. Clauses are those of DICOM PS3.3."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from pneumoscope.imaging.age import years, years_between
from pneumoscope.imaging.colour import coloured
from pneumoscope.imaging.decode import decoding
from pneumoscope.imaging.formats import sniff
from pneumoscope.imaging.header import text, texts
from pneumoscope.imaging.origin import Origin, origin_of_dicom, origin_of_raster
from pneumoscope.imaging.source import Source

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_THEN = ("StudyDate", "AcquisitionDate", "SeriesDate", "ContentDate")
# Of SOP classes; those for presentation are usual, and need no entry.
_INTENTS = {"1.2.840.10008.5.1.4.1.1.1.1.1": "FOR PROCESSING"}  # PS3.4 B.5
_NO_BIRTH = {"19000101", "00010101", "00000000"}  # common placeholders
# Where devices that leave the view empty may write it.
_DESCRIPTIONS = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")


@dataclass(frozen=True)
class Coded:
    """An item of a code sequence (PS3.3 8.8).

    Attributes:
        code: coding scheme and value, such as "SRT R-10214".
        meaning: meaning of the code, as the file gives it.
    """

    code: str
    meaning: str = ""


@dataclass(frozen=True)
class Acquisition:
    """Acquisition of a picture; what the file does not say is empty.

    Attributes:
        width: number of columns, as stored.
        height: number of rows, as stored.
        body_part: `BodyPartExamined` (C.7.3.1), in capitals.
        regions: `AnatomicRegionSequence` (10.5).
        view: `ViewPosition` (C.8.1.1, C.8.11.5), in capitals.
        view_codes: `ViewCodeSequence` (C.8.11.5).
        rows_run: direction of the rows in `PatientOrientation` (C.7.6.1.1.1), in capitals.
        description: text on series and protocol, in capitals. May name people: never to be quoted.
        intent: `PresentationIntentType` (C.8.11.1), in capitals, or else as the SOP class implies.
        age: age of the patient in years: `PatientAge` (C.7.2.2), or else from birth to study.
        age_unread: True if the file gives an age that cannot be read.
        burned_in: True if `BurnedInAnnotation` (C.7.6.1) says that text is in the picture.
        origin: source of the picture, such as a detector.
        coloured: fraction of the picture that is in strong colour, 0 to 1; a tint does not count.
    """

    width: int
    height: int
    body_part: str = ""
    regions: tuple[Coded, ...] = ()
    view: str = ""
    view_codes: tuple[Coded, ...] = ()
    rows_run: str = ""
    description: str = ""
    intent: str = ""
    age: float | None = None
    age_unread: bool = False
    burned_in: bool = False
    origin: Origin = Origin.DETECTOR
    coloured: float = 0.0


def read_acquisition(source: Source) -> Acquisition:
    """Reads the header of an image file; no pixels are decoded but those of colour pictures.

    Raises:
        ImageError: if there is no header that can be read.
    """
    return source.once(_read)


def _read(source: Source) -> Acquisition:
    kind = sniff(source)
    with decoding(source, kind):
        if kind == "DICOM":
            return _of_dicom(source)
        with Image.open(BytesIO(source.data), formats=[kind]) as image:
            origin = origin_of_raster(image.info)
            return Acquisition(*image.size, origin=origin, coloured=coloured(image))


def _of_dicom(source: Source) -> Acquisition:
    from pneumoscope.imaging.dicom import decode_dicom, read_header  # loads pydicom and its codecs

    ds = read_header(source)
    age, unread = _age(ds)
    return Acquisition(
        width=int(ds.Columns),
        height=int(ds.Rows),
        body_part=text(ds, "BodyPartExamined"),
        regions=_codes(ds, "AnatomicRegionSequence"),
        view=text(ds, "ViewPosition"),
        view_codes=_codes(ds, "ViewCodeSequence"),
        rows_run="".join(texts(ds, "PatientOrientation")[:1]).upper(),
        description=" ".join(text(ds, keyword) for keyword in _DESCRIPTIONS),
        intent=text(ds, "PresentationIntentType") or _INTENTS.get(text(ds, "SOPClassUID"), ""),
        age=age,
        age_unread=unread,
        burned_in=text(ds, "BurnedInAnnotation") == "YES",
        origin=origin_of_dicom(ds),
        coloured=coloured(decode_dicom(source)) if int(ds.SamplesPerPixel) > 1 else 0.0,
    )


def _age(ds: Dataset) -> tuple[float | None, bool]:
    """Reads the age in years; the flag is True if one is given that cannot be read."""
    said, born = texts(ds, "PatientAge")[:1], texts(ds, "PatientBirthDate")[:1]
    born = [birth for birth in born if birth not in _NO_BIRTH]
    then = [found for keyword in _THEN for found in texts(ds, keyword)[:1]]
    ages = [years(age) for age in said]
    ages += [years_between(birth, day) for birth in born for day in then]
    readable = [age for age in ages if age is not None]
    return (readable[0] if readable else None), bool(ages) and not readable


def _codes(ds: Dataset, keyword: str) -> tuple[Coded, ...]:
    return tuple(
        Coded(
            " ".join((text(item, "CodingSchemeDesignator"), text(item, "CodeValue"))),
            text(item, "CodeMeaning"),
        )
        for item in ds.get(keyword) or ()
        if hasattr(item, "get")  # some write text where a sequence belongs
    )
