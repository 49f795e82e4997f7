"""Technical facts of an image file, and its thumbnail."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pneumoscope.errors import ImageError
from pneumoscope.imaging import ImageFacts, Source, look
from tests.conftest import encoded, picture
from tests.imaging.dicoms import dicom


def facts(data: bytes) -> ImageFacts:
    return look(Source("image", data)).facts


def smooth(shape: tuple[int, int] = (96, 128)) -> np.ndarray:
    height, width = shape
    rows, columns = np.mgrid[:height, :width]
    return (40 + 120 * rows / height + 60 * np.sin(columns / 9)).clip(0, 255).astype(np.uint8)


# What is stored, then format, mode and bits.
STORED = {
    "grey PNG": (encoded(smooth()), ("PNG", "L", 8)),
    "16-bit PNG": (encoded(smooth().astype(np.uint16) * 257), ("PNG", "I;16", 16)),
    "1-bit PNG": (encoded(Image.fromarray(smooth() > 100)), ("PNG", "1", 1)),
    "grey JPEG": (encoded(smooth(), "JPEG"), ("JPEG", "L", 8)),
    "RGB JPEG": (encoded(np.dstack([smooth()] * 3), "JPEG"), ("JPEG", "RGB", 8)),
    "TIFF": (encoded(smooth(), "TIFF"), ("TIFF", "L", 8)),
    "DICOM": (dicom(smooth().astype(np.uint16) * 16, bits=12), ("DICOM", "MONOCHROME2", 12)),
}


@pytest.mark.parametrize("name", STORED)
def test_header_facts(name: str) -> None:
    data, expected = STORED[name]
    found = facts(data)
    assert (found.format, found.mode, found.bits) == expected
    assert (found.width, found.height, found.bytes) == (128, 96, len(data))
    assert found.aspect == pytest.approx(4 / 3)
    assert (found.jpeg_quality is None) == (found.format != "JPEG")


def test_picture_facts_are_those_of_the_pixels() -> None:
    pixels = smooth((128, 128))
    pixels[:32] = 0
    found = facts(encoded(pixels))
    assert found.brightness == pytest.approx(pixels.mean(), abs=1)
    assert found.contrast == pytest.approx(pixels.std(), abs=2)
    assert found.black == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_quality_is_what_it_was_saved_with(mode: str, progressive: bool) -> None:
    image = Image.fromarray(picture((32, 32))).convert(mode)
    for quality in range(1, 101):
        data = encoded(image, "JPEG", quality=quality, progressive=progressive)
        assert facts(data).jpeg_quality == pytest.approx(quality, abs=0.5)


@pytest.mark.parametrize(("orientation", "size"), [(1, (128, 96)), (3, (128, 96)), (6, (96, 128))])
def test_size_is_that_of_the_upright_picture(orientation: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = facts(encoded(smooth(), "JPEG", exif=exif))
    assert (found.width, found.height) == size


def test_dicom_header_gives_device_and_view() -> None:
    data = dicom(smooth(), Manufacturer="Acme ", ManufacturerModelName="X1", ViewPosition="AP")
    assert (facts(data).device, facts(data).view) == ("Acme X1", "AP")
    assert (facts(dicom(smooth())).device, facts(dicom(smooth())).view) == ("", "")


def test_thumbnail_is_the_picture() -> None:
    thumbnail = look(Source("image", encoded(smooth()))).thumbnail
    expected = Image.fromarray(smooth()).resize((32, 32), Image.Resampling.BOX)
    assert thumbnail.dtype == np.uint8
    np.testing.assert_allclose(thumbnail.astype(int), np.asarray(expected), atol=8)


def test_no_image_has_no_facts() -> None:
    with pytest.raises(ImageError, match="not an image"):
        facts(b"text")
