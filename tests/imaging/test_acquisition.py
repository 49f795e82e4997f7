"""Acquisition data is read from headers in all the ways in which devices write it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import uid

from pneumoscope.imaging import Acquisition, Origin, Source, own_mark, read_acquisition
from pneumoscope.imaging.age import years, years_between
from pneumoscope.plots import new_figure, save
from tests.conftest import encoded, picture
from tests.imaging.dicoms import dicom

PIXELS = picture((40, 36))
COLOUR = picture((40, 36, 3))
SC = uid.SecondaryCaptureImageStorage


def header(**changes: object) -> Acquisition:
    pixels = COLOUR if changes.get("SamplesPerPixel") == 3 else PIXELS
    return read_acquisition(Source("file.dcm", dicom(pixels, **changes)))


# character set of the file, its codec, words
SPELT = (
    ("ISO_IR 192", "utf-8", "胸部"),
    ("ISO_IR 100", "utf-8", "TÓRAX"),
    ("ISO_IR 100", "latin-1", "TÓRAX"),
    ("ISO_IR 192", "latin-1", "TÓRAX"),
    ("ISO_IR 144", "iso8859-5", "ГРУДЬ"),
    ("GB18030", "gb18030", "胸部正面"),
    (None, "utf-8", "ŁOKIEĆ"),
)


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")  # while writing
@pytest.mark.parametrize(("charset", "codec", "words"), SPELT)
def test_code_string_beyond_ascii(charset: str | None, codec: str, words: str) -> None:
    written = words.encode(codec).decode("latin-1")
    changes = {"BodyPartExamined": written, "ViewPosition": written}
    found = header(**changes, **({"SpecificCharacterSet": charset} if charset else {}))
    assert (found.body_part, found.view) == (words, words)


AGES = {
    "061Y": 61, "61": 61, "061": 61, "61 Y": 61, "061y": 61, "61 years": 61, "61YR": 61,
    " 061Y": 61, "061Y ": 61, "000Y": 0, "026W": 26 * 7 / 365.25, "003M": 0.25, "010D": 10 / 365.25,
    "": None, "Y": None, "old": None, "-5Y": None, "411Y": None, "999": None, "6 1": None,
}  # fmt: skip


@pytest.mark.parametrize("text", AGES)
def test_age(text: str) -> None:
    assert years(text) == (None if AGES[text] is None else pytest.approx(AGES[text]))


BIRTHS = (
    ("19500101", "20200101", 70),
    ("1950.01.01", "2020-01-01", 70),
    ("20200229", "20210228", 1),
    ("20150615", "20210614", 5.997),
    ("20150615", "20210615", 6),
    ("20200101", "20200101", 0),
    ("20200102", "20200101", None),
    ("19000000", "20200101", None),
    ("18000101", "20200101", None),
    ("ANON", "20200101", None),
)


@pytest.mark.parametrize(("birth", "then", "age"), BIRTHS)
def test_age_from_birth(birth: str, then: str, age: float | None) -> None:
    assert years_between(birth, then) == (None if age is None else pytest.approx(age, abs=0.003))


BORN = {"PatientBirthDate": "19500101", "StudyDate": "20200101"}
# elements, age, whether something cannot be read
SAID: tuple[tuple[dict[str, object], float | None, bool], ...] = (
    ({}, None, False),
    ({"PatientAge": ""}, None, False),
    ({"PatientAge": "061Y"}, 61, False),
    ({"PatientAge": "061Y", **BORN}, 61, False),
    ({"PatientAge": "", **BORN}, 70, False),
    (BORN, 70, False),
    ({"PatientBirthDate": "19500101", "AcquisitionDate": "20200101"}, 70, False),
    ({"PatientBirthDate": "19500101", "StudyDate": "", "SeriesDate": "20200101"}, 70, False),
    ({"PatientBirthDate": "19500101", "ContentDate": "20200101"}, 70, False),
    ({"PatientBirthDate": "19500101"}, None, False),
    ({"StudyDate": "20200101"}, None, False),
    ({"PatientBirthDate": "19000101", "StudyDate": "20190101"}, None, False),
)


@pytest.mark.parametrize(("elements", "age", "unread"), SAID)
def test_age_of_a_file(elements: dict[str, object], age: float | None, unread: bool) -> None:
    found = header(**elements)
    assert (found.age, found.age_unread) == (age, unread)


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_age_that_cannot_be_read_is_not_silently_none() -> None:
    assert header(PatientAge="old").age_unread
    assert header(PatientAge="old", **BORN).age == 70
    assert header(PatientAge="61").age == 61


CAPTURE: dict[str, object] = {"SOPClassUID": SC, "Modality": "OT"}
DERIVED: dict[str, object] = {"ImageType": ["DERIVED", "SECONDARY"]}
ORIGINS: tuple[tuple[dict[str, object], Origin], ...] = (
    ({}, Origin.DETECTOR),
    ({"ImageType": ["DERIVED", "PRIMARY"]}, Origin.DETECTOR),
    (DERIVED, Origin.DETECTOR),
    ({"Manufacturer": "Pneumonia Devices"}, Origin.DETECTOR),
    ({"SeriesDescription": "pneumoscope trial"}, Origin.DETECTOR),
    ({"Manufacturer": "Pneumoscope"}, Origin.OWN),
    ({"ManufacturerModelName": "Pneumoscope 0.1"}, Origin.OWN),
    ({**CAPTURE, "SeriesDescription": "Research: Pneumoscope heatmap"}, Origin.OWN),
    ({**CAPTURE, "DerivationDescription": "Heatmap by pneumoscope"}, Origin.OWN),
    ({**CAPTURE, "ConversionType": "DF"}, Origin.CAPTURE),
    ({**CAPTURE, **DERIVED, "ConversionType": "DF"}, Origin.CAPTURE),
    ({**CAPTURE, "ConversionType": "DI"}, Origin.CAPTURE),
    ({**CAPTURE, **DERIVED, "ConversionType": "DI"}, Origin.DERIVED),
    ({**CAPTURE, **DERIVED}, Origin.DERIVED),
    ({**CAPTURE, "ConversionType": "WSD"}, Origin.DERIVED),
    ({**CAPTURE, "ConversionType": "WSD", "Modality": "CR"}, Origin.CAPTURE),
    ({**CAPTURE, "ConversionType": "SYN", "Modality": "CR"}, Origin.DERIVED),
    ({**CAPTURE, "SamplesPerPixel": 3}, Origin.CAPTURE),
    ({"SOPClassUID": SC, "Modality": "DX"}, Origin.CAPTURE),
    ({"SOPClassUID": uid.VLPhotographicImageStorage}, Origin.DETECTOR),
)


@pytest.mark.parametrize(("elements", "origin"), ORIGINS)
def test_origin(elements: dict[str, object], origin: Origin) -> None:
    assert header(**elements).origin is origin


def test_pictures_of_this_program_are_known_by_their_mark() -> None:
    marked = Source("map.png", encoded(PIXELS, pnginfo=own_mark("")))
    assert read_acquisition(marked).origin is Origin.OWN
    assert read_acquisition(Source("a.png", encoded(PIXELS))).origin is Origin.DETECTOR


def test_figures_are_known_and_phantoms_are_not(tmp_path: Path, phantoms: Path) -> None:
    save(new_figure(1, 1), tmp_path / "figure")
    figure = Source("figure.png", (tmp_path / "figure.png").read_bytes())
    assert read_acquisition(figure).origin is Origin.OWN
    phantom = next(phantoms.rglob("*.png"))
    assert read_acquisition(Source("a.png", phantom.read_bytes())).origin is Origin.DETECTOR


# The middle third of a grey picture in this colour, saved in this mode; the fraction that is found
COLOURS = (
    ("RGB", (255, 140, 0), 1 / 3),
    ("P", (255, 140, 0), 1 / 3),
    ("CMYK", (255, 140, 0), 1 / 3),
    ("RGB", (180, 200, 230), 0.0),
    ("RGB", (90, 90, 90), 0.0),
    ("L", (255, 140, 0), 0.0),
)


@pytest.mark.parametrize(("mode", "colour", "fraction"), COLOURS)
def test_strong_colour_is_measured(
    mode: str, colour: tuple[int, int, int], fraction: float
) -> None:
    image = np.full((96, 96, 3), 60, np.uint8)
    image[32:64] = colour
    data = encoded(Image.fromarray(image).convert(mode), "JPEG" if mode == "CMYK" else "PNG")
    found = read_acquisition(Source("a", data)).coloured
    assert found == pytest.approx(fraction, abs=0.03)


def test_strong_colour_of_dicom_is_measured() -> None:
    assert header(SamplesPerPixel=3).coloured > 0.5
    grey = dicom(np.dstack([PIXELS] * 3))
    assert read_acquisition(Source("grey.dcm", grey)).coloured == 0


def test_several_values_and_codes_are_read() -> None:
    code = dicom_code("R-10236", "SRT", "left lateral")
    found = header(
        BodyPartExamined=["CHEST", "RIB"], ViewCodeSequence=[code], PatientOrientation=["A", "F"]
    )
    assert found.body_part == "CHEST RIB"
    assert found.view_codes[0].code == "SRT R-10236"
    assert found.view_codes[0].meaning == "LEFT LATERAL"
    assert found.rows_run == "A"


def test_elements_of_the_wrong_kind_break_nothing() -> None:
    ds = pydicom.dcmread(BytesIO(dicom(PIXELS)))
    ds.add_new(0x00180015, "OB", b"CHEST\0")  # BodyPartExamined
    ds.add_new(0x00540220, "LO", "LATERAL")  # ViewCodeSequence
    stream = BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    found = read_acquisition(Source("odd.dcm", stream.getvalue()))
    assert (found.body_part, found.view_codes) == ("CHEST", ())


def test_class_for_processing_is_raw_data() -> None:
    raw = {"SOPClassUID": uid.DigitalXRayImageStorageForProcessing}
    assert header(**raw).intent == "FOR PROCESSING"
    assert header(**raw, PresentationIntentType="FOR PRESENTATION").intent == "FOR PRESENTATION"
    assert header().intent == ""


@pytest.mark.parametrize(("said", "found"), [("YES", True), ("NO", False), ("", False)])
def test_burned_in(said: str, found: bool) -> None:
    assert header(BurnedInAnnotation=said).burned_in is found


def dicom_code(value: str, scheme: str, meaning: str) -> object:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


@pytest.mark.real
def test_real_chest_radiographs_are_none_of_these(real: Path) -> None:
    for path in sorted((real / "dicom" / "chest").glob("*.dcm")):
        found = read_acquisition(Source(path.name, path.read_bytes()))
        assert found.origin in (Origin.DETECTOR, Origin.CAPTURE)
