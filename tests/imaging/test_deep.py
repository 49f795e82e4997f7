"""Radiographs in 16 bits: the same picture as 8 bits show, with what lies beyond the window."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from pneumoscope.errors import ImageError
from pneumoscope.imaging import Source, load_deep, load_display, read_bytes
from tests.conftest import encoded, picture
from tests.imaging.dicoms import dicom

DEEP = np.random.default_rng(3).integers(0, 4096, (64, 48), dtype=np.uint16)
SIGNED = DEEP.astype(np.int16) - 2048


def voi_lut() -> list[Dataset]:
    lut = Dataset()
    lut.LUTDescriptor = [4096, 0, 12]
    lut.LUTData = (np.sqrt(np.arange(4096) / 4095) * 4095).astype(np.uint16).tobytes()
    lut["LUTData"].VR = "OW"
    return [lut]


SIDEWAYS = Image.Exif()
SIDEWAYS[274] = 6

FILES = {
    "no window": dicom(DEEP, bits=12),
    "window": dicom(DEEP, bits=12, WindowCenter=1500, WindowWidth=900),
    "window beyond the values": dicom(DEEP, bits=12, WindowCenter=3000, WindowWidth=9000),
    "inverted": dicom(
        DEEP,
        bits=12,
        PhotometricInterpretation="MONOCHROME1",
        WindowCenter=1500,
        WindowWidth=900,
    ),
    "padded": dicom(
        DEEP, bits=12, PixelPaddingValue=int(DEEP[0, 0]), WindowCenter=1000, WindowWidth=8000
    ),
    "signed": dicom(SIGNED, bits=12, WindowCenter=0, WindowWidth=700),
    "rescaled": dicom(
        DEEP, bits=12, RescaleSlope=-2, RescaleIntercept=10, WindowCenter=-4000, WindowWidth=900
    ),
    "step": dicom(DEEP, bits=12, WindowCenter=2000, WindowWidth=1),
    "exact": dicom(
        DEEP, bits=12, WindowCenter=2000, WindowWidth=500, VOILUTFunction="LINEAR_EXACT"
    ),
    "sigmoid": dicom(DEEP, bits=12, WindowCenter=2000, WindowWidth=500, VOILUTFunction="SIGMOID"),
    "look-up table": dicom(DEEP, bits=12, VOILUTSequence=voi_lut()),
    "eight bits": dicom(picture(), WindowCenter=100, WindowWidth=60),
    "colour": dicom(picture((48, 40, 3))),
    "png": encoded(picture()),
    "png of 16 bits": encoded(DEEP * 13),
    "tiff of 16 bits": encoded(DEEP * 13, "TIFF"),
    "jpeg": encoded(picture(), "JPEG"),
    "upright": encoded(
        picture(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\6\0\0"
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_its_window_shows_what_eight_bits_show(name: str) -> None:
    source = Source(name, FILES[name])
    deep, display = load_deep(source), load_display(source)
    assert deep.pixels.dtype == np.uint16
    assert deep.pixels.shape == display.shape
    assert np.abs(deep.shown().astype(int) - display).max() <= 1


def test_what_lies_outside_of_the_window_keeps_its_differences() -> None:
    source = Source("window", FILES["window"])
    assert len(np.unique(load_deep(source).pixels)) == len(np.unique(DEEP))
    assert len(np.unique(load_display(source))) <= 256


def test_all_of_sixteen_bits_are_kept() -> None:
    deep = load_deep(Source("deep.png", FILES["png of 16 bits"]))
    np.testing.assert_array_equal(deep.pixels, DEEP * 13)


def test_the_longer_side_is_limited() -> None:
    deep = load_deep(Source("large.png", encoded(picture((40, 100)))), longest=50)
    assert deep.pixels.shape == (20, 50)


def test_its_png_has_one_channel_of_16_bits() -> None:
    deep = load_deep(Source("window", FILES["window"]))
    data = deep.png()
    assert data[24:26] == bytes([16, 0])  # bit depth, and grey: PNG 11.2.1
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(data))), deep.pixels)


@pytest.mark.parametrize("data", [b"", b"text", FILES["window"][:-100]])
def test_what_cannot_be_read_is_an_error_of_the_image(data: bytes) -> None:
    with pytest.raises(ImageError):
        load_deep(Source("broken", data))


def test_public_files_of_other_makers(real: Path) -> None:
    files = sorted((real / "dicom" / "chest").iterdir())
    compared = 0
    for file in files:
        source = read_bytes(file)
        try:
            display = load_display(source, longest=10_000)
        except ImageError:
            continue
        shown = load_deep(source, longest=10_000).shown()
        assert np.abs(shown.astype(int) - display).max() <= 1, file.name
        compared += 1
    assert compared > 5
