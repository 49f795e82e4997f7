"""The same picture arrives alike, upright and in range, however it was stored."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumoscope.errors import ImageError
from pneumoscope.imaging import load_display, load_mask, load_pixels, read_bytes
from pneumoscope.imaging.decode import open_upright
from pneumoscope.imaging.preprocess import to_grey
from pneumoscope.imaging.source import Source
from pneumoscope.types import Geometry
from tests.conftest import encoded

GEOMETRY = Geometry(64, 64)


def asymmetric() -> np.ndarray:
    """uint8 (160, 120): dark, but for a bright upper left and a grey lower right corner."""
    pixels = np.full((160, 120), 20, np.uint8)
    pixels[:50, :40] = 250
    pixels[-50:, -40:] = 130
    return pixels


PIXELS = asymmetric()
GREY = Image.fromarray(PIXELS)
ALPHA = Image.merge("LA", (GREY, Image.new("L", GREY.size, 255)))

# How the picture is stored, and how far the prepared pixels may be off on average.
STORED = {
    "png grey": (encoded(GREY), 0),
    "png 16 bit": (encoded(Image.fromarray(PIXELS.astype(np.uint16) * 257)), 0),
    "png rgb": (encoded(GREY.convert("RGB")), 0),
    "png rgba": (encoded(ALPHA.convert("RGBA")), 0),
    "png grey with alpha": (encoded(ALPHA), 0),
    "png palette": (encoded(GREY.convert("P")), 0),
    "jpeg grey": (encoded(GREY, "JPEG", quality=95), 0.5),
    "jpeg rgb": (encoded(GREY.convert("RGB"), "JPEG", quality=95), 0.5),
    "jpeg progressive": (encoded(GREY, "JPEG", quality=95, progressive=True), 0.5),
}


@pytest.mark.parametrize("stored", STORED)
def test_same_picture_gives_same_pixels(stored: str) -> None:
    data, tolerance = STORED[stored]
    pixels = load_pixels(Source(stored, data), GEOMETRY)
    reference = np.asarray(GREY.resize((64, 64), Image.Resampling.BILINEAR))
    assert pixels.shape == (64, 64)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - reference).mean() <= tolerance
    assert (pixels[5, 5], pixels[-5, -5], pixels[5, -5]) == pytest.approx((250, 130, 20), abs=4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(orientation: int) -> None:
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = GREY if turned is None else GREY.transpose(turned)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image, "JPEG", quality=95, exif=exif)
    pixels = load_pixels(Source("turned", data), GEOMETRY)
    assert (pixels[5, 5], pixels[-5, -5], pixels[5, -5]) == pytest.approx((250, 130, 20), abs=4)


def test_full_range_is_kept() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    pixels = load_pixels(Source("ramp", encoded(ramp)), Geometry(64, 256))
    assert (pixels[0] == np.arange(256)).all()


def test_transparency_is_laid_over_black() -> None:
    clear = Image.merge("LA", (GREY, Image.new("L", GREY.size, 0)))
    assert np.asarray(to_grey(clear)).max() == 0


def test_large_jpeg_is_decoded_at_reduced_size_within_tolerance() -> None:
    x, y = np.meshgrid(np.linspace(0, 9, 1600), np.linspace(0, 7, 1200))
    smooth = (127 + 60 * np.sin(x * y) + 60 * np.cos(x)).astype(np.uint8)
    source = Source("large", encoded(smooth, "JPEG", quality=90))
    assert open_upright(source, at_least=448).size == (800, 600)
    full = open_upright(source).resize((224, 224), Image.Resampling.BILINEAR)
    pixels = load_pixels(source, Geometry())
    assert np.abs(pixels.astype(int) - np.asarray(full)).mean() < 1.5


@pytest.mark.parametrize(("longest", "shape"), [(80, (80, 60)), (768, (160, 120))])
def test_display_keeps_proportions_and_never_enlarges(longest: int, shape: tuple[int, int]) -> None:
    assert load_display(Source("grey", encoded(GREY)), longest).shape == shape


@pytest.mark.real
def test_real_native_files_stay_close_to_a_full_decode(real: Path) -> None:
    files = sorted((real / "chest_xray_native").rglob("*.jpeg"))[::12]
    assert files
    for file in files:
        source = read_bytes(file)
        with Image.open(BytesIO(source.data)) as image:
            full = np.asarray(image.convert("L").resize((224, 224), Image.Resampling.BILINEAR))
        assert np.abs(load_pixels(source, Geometry()).astype(int) - full).mean() < 1.5


def test_masks_may_be_empty_and_must_be_black_and_white() -> None:
    inside = np.zeros((80, 64), np.uint8)
    empty = load_mask(Source("empty.png", encoded(inside)), GEOMETRY)
    assert empty.shape == (64, 64)
    assert not empty.any()
    inside[:40] = 1
    assert load_mask(Source("a.png", encoded(255 * inside)), GEOMETRY).mean() == pytest.approx(
        127.5
    )
    with pytest.raises(ImageError, match="1 at most"):
        load_mask(Source("ones.png", encoded(inside)), GEOMETRY)
