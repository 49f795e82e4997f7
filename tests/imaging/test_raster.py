"""BMP, TIFF, WebP and unusual JPEG and PNG: read rightly, or refused in one clear line."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from pneumoscope.errors import ImageError
from pneumoscope.imaging import load_pixels
from pneumoscope.imaging.decode import open_upright
from pneumoscope.imaging.source import Source
from pneumoscope.types import Geometry
from tests.conftest import encoded, picture
from tests.imaging.test_preprocess import GREY, PIXELS

DEEP = PIXELS.astype(np.uint16) * 257


def prepared(data: bytes) -> np.ndarray:
    return load_pixels(Source("file", data), Geometry(64, 64)).astype(int)


REFERENCE = prepared(encoded(GREY))


def tiff16(order: str, photometric: int = 1, sample_format: int = 1, bits: int = 16) -> bytes:
    """Makes an uncompressed grey TIFF by hand: Pillow writes only its own byte order."""
    values = 65535 - DEEP if photometric == 0 else DEEP
    pixels = values.astype(order + "u2").tobytes()
    height, width = DEEP.shape
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1}
    tags |= {278: height, 279: len(pixels), 339: sample_format}
    entries = b"".join(
        struct.pack(order + "HHI", tag, 4, 1) + struct.pack(order + "I", value)
        for tag, value in tags.items()
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(pixels))
    return head + pixels + struct.pack(order + "H", len(tags)) + entries + bytes(4)


def tiff_rgb16() -> bytes:
    """Makes an uncompressed colour TIFF by hand."""
    height, width = DEEP.shape
    pixels = np.dstack([DEEP] * 3).astype("<u2").tobytes()
    bits = 8 + len(pixels)
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 2, 273: 8, 277: 3}
    tags |= {278: height, 279: len(pixels)}
    entries = b"".join(
        struct.pack("<HHII", tag, 3 if tag == 258 else 4, 3 if tag == 258 else 1, value)
        for tag, value in tags.items()
    )
    head = b"II" + struct.pack("<HI", 42, bits + 6)
    return (
        head
        + pixels
        + struct.pack("<3H", 16, 16, 16)
        + struct.pack("<H", len(tags))
        + entries
        + bytes(4)
    )


def ycck(image: Image.Image) -> bytes:
    """Makes a JPEG of luma, chroma and black, inverted as Adobe does."""
    middle = Image.new("L", image.size, 127)
    data = encoded(
        Image.merge("CMYK", (image, middle, middle, Image.new("L", image.size, 0))),
        "JPEG",
        quality=95,
    )
    position = data.index(b"Adobe\0") + 11
    return data[:position] + b"\2" + data[position + 1 :]


def cmyk(image: Image.Image) -> Image.Image:
    """Makes grey of equal parts of three inks, with no black."""
    ink = image.point(lambda value: 255 - value)
    return Image.merge("CMYK", (ink, ink, ink, Image.new("L", image.size, 0)))


# The picture as a JPEG of arithmetic coding, which Pillow reads but does not write.
ARITHMETIC = base64.b64decode(
    b"/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkI"
    b"BgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/yQALCACgAHgBAREA/8wABgAQEAX/2gAIAQEAAD8A0uPO/naD"
    b"tWDpoUOq/HX2IUgj8Cwys4TRLLrWz5+WSrkuLsUVlYyr5F1HSoOB4znJmoV2Ag186SzKqSXN+RxiSvMxT0G6"
    b"GpUd2ERPFhkjq6K5QBDbZ2eAF4m6p51AhIHEsQR0SDt4UAKGF+2ocnFT4RoXYER23Q68en64mRBdWZIpo4uv"
    b"Tkr6TaICzsW26N1xL1UE/9k="
)

# How the picture is stored, and how far the prepared pixels may be off on average.
STORED = {
    "bmp grey": (encoded(GREY, "BMP"), 0),
    "bmp rgb": (encoded(GREY.convert("RGB"), "BMP"), 0),
    "tiff grey": (encoded(GREY, "TIFF"), 0),
    "tiff lzw": (encoded(GREY, "TIFF", compression="tiff_lzw"), 0),
    "tiff deflated": (encoded(GREY.convert("RGB"), "TIFF", compression="tiff_adobe_deflate"), 0),
    "tiff jpeg": (encoded(GREY, "TIFF", compression="jpeg", quality=95), 0.5),
    "tiff white is zero": (encoded(GREY, "TIFF", tiffinfo={262: 0}), 0),
    "tiff 16 bit little endian": (tiff16("<"), 0),
    "tiff 16 bit big endian": (tiff16(">"), 0),
    "tiff 16 bit white is zero": (tiff16("<", photometric=0), 0),
    "tiff 16 bit rgb": (tiff_rgb16(), 0),
    "tiff cmyk": (encoded(cmyk(GREY), "TIFF"), 0),
    "webp lossless": (encoded(GREY, "WEBP", lossless=True), 0),
    "webp lossy": (encoded(GREY, "WEBP", quality=95), 1),
    "jpeg cmyk": (encoded(cmyk(GREY), "JPEG", quality=95), 0.5),
    "jpeg ycck": (ycck(GREY), 0.5),
    "jpeg arithmetic": (ARITHMETIC, 0.5),
    "jpeg lossless": (imagecodecs.jpeg8_encode(PIXELS, lossless=True), 0),
}


@pytest.mark.parametrize("stored", STORED)
def test_same_picture_gives_same_pixels(stored: str) -> None:
    data, tolerance = STORED[stored]
    pixels = prepared(data)
    assert np.abs(pixels - REFERENCE).mean() <= tolerance
    assert (pixels[5, 5], pixels[-5, -5], pixels[5, -5]) == pytest.approx((250, 130, 20), abs=4)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(kind: str, orientation: int) -> None:
    turns: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).T,
        8: lambda a: np.rot90(a, -1),
    }
    turned = Image.fromarray(np.ascontiguousarray(turns[orientation](PIXELS)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, object] = {"lossless": True} if kind == "WEBP" else {}
    assert (prepared(encoded(turned, kind, exif=exif, **options)) == REFERENCE).all()


def chunk(name: bytes, data: bytes) -> bytes:
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_bomb(width: int, height: int) -> bytes:
    """Makes a valid, tiny PNG of any number of pixels: black, one bit a pixel."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row * 100) for _ in range(height // 100)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def webp_head(width: int, height: int) -> bytes:
    head = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(20)
    body = b"WEBPVP8L" + struct.pack("<I", len(head)) + head + b"\0"
    return b"RIFF" + struct.pack("<I", len(body)) + body


FRAMES = [Image.fromarray(picture(seed=number)) for number in range(2)]
ANIMATED: dict[str, object] = {"save_all": True, "append_images": FRAMES[1:]}
REFUSED = {
    "png bomb": (png_bomb(50_000, 50_000), "at most 80000000 pixels"),
    "png beyond the cap": (png_bomb(10_000, 8_100), "10000x8100"),
    "webp bomb": (webp_head(16_383, 16_383), "at most 80000000 pixels"),
    "animated gif": (encoded(FRAMES[0], "GIF", **ANIMATED), "not an image that can be read"),
    "animated png": (encoded(FRAMES[0], "PNG", **ANIMATED), "a single picture"),
    "animated webp": (encoded(FRAMES[0], "WEBP", **ANIMATED), "a single picture"),
    "tiff of pages": (encoded(FRAMES[0], "TIFF", **ANIMATED), "a single picture"),
    "signed tiff": (tiff16("<", sample_format=2), "8 or 16 bit without sign"),
    "12 bit tiff": (tiff16("<", bits=12), "12"),
    "float tiff": (encoded(GREY.convert("F"), "TIFF"), "pixels of type 'F'"),
    "32 bit tiff": (encoded(GREY.convert("I"), "TIFF"), "pixels of type 'I'"),
    "12 bit jpeg": (
        imagecodecs.jpeg8_encode(DEEP >> 4, level=95, bitspersample=12),
        "Received 12 bits",
    ),
    "jpeg 2000": (imagecodecs.jpeg2k_encode(PIXELS), "not an image that can be read"),
    "truncated tiff": (encoded(GREY, "TIFF")[:-3000], "a broken TIFF"),
    "tiff without directory": (
        encoded(GREY, "TIFF")[:20],
        "a broken TIFF: its header cannot be read. ",
    ),
    "truncated bmp": (encoded(GREY, "BMP")[:3000], "a broken BMP"),
    "truncated webp": (encoded(GREY, "WEBP")[:100], "a broken WEBP"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_files_are_refused(name: str) -> None:
    data, reason = REFUSED[name]
    assert len(data) < 2_000_000
    with pytest.raises(ImageError) as caught:
        open_upright(Source("file.x", data))
    assert "file.x" in str(caught.value)
    assert reason in str(caught.value)
    assert caught.value.remedy
