"""Decoding of JPEG, PNG, BMP, TIFF and WebP to upright pictures, by Pillow."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, TiffImagePlugin

from pneumoscope.errors import ImageError
from pneumoscope.imaging.codestream import read_declared
from pneumoscope.imaging.source import REMEDY, Source, check_size
from pneumoscope.imaging.whole import check_jpeg, check_png, decode_whole

# Pixels of 1, 8 or 16 bits without sign. Others ("I", "F", "LAB") have no nominal range.
_MODES = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
_BYTES_A_RUN = 32  # a pixel of a run takes as long to decode as so many bytes
_MODES |= {"I;16", "I;16B"}


def decode_raster(source: Source, kind: str, at_least: int | None) -> Image.Image:
    """Decodes a file with a single picture.

    Args:
        source: the image file.
        kind: format of the file, as Pillow names it.
        at_least: number of pixels that both sides of a JPEG must keep, as in `open_upright`.

    Raises:
        ImageError: if it holds several pictures, pixels of a type that is not supported, or does
            not have the size of a radiograph. Any other exception means that it is broken.
    """
    if kind == "JPEG":
        _check_jpeg(source)
    elif kind == "PNG":
        check_png(source.data)
    with Image.open(BytesIO(source.data), formats=[kind]) as image:
        check_size(source, *image.size, bytes_a_pixel=_bytes_a_pixel(image))
        # A JPEG of a telephone may hold further versions of its picture; the first one counts.
        if kind != "JPEG" and getattr(image, "is_animated", False):
            raise _refused(source, "a single picture", "several: an animation, or pages")
        if kind == "BMP" and getattr(image, "tile", None) and image.tile[0][0] == "bmp_rle":
            # Pillow decodes runs in Python: half a minute for a large picture.
            check_size(source, *image.size, bytes_a_pixel=_BYTES_A_RUN)
        if image.mode not in _MODES:
            raise _refused(source, "8 or 16 bit without sign", f"pixels of type {image.mode!r}")
        negative = isinstance(image, TiffImagePlugin.TiffImageFile) and _check_tiff(source, image)
        if at_least is not None:
            image.draft("L", (at_least, at_least))
        image.load()
        upright = ImageOps.exif_transpose(image)
    if upright.mode == "I;16B":  # few functions of Pillow support it
        upright = Image.fromarray(np.asarray(upright).astype(np.uint16))
    return upright.point(lambda value: 65535 - value) if negative else upright


def _check_jpeg(source: Source) -> None:
    declared = read_declared(source.data)
    if declared and declared.bits != 8:
        raise _refused(source, "a JPEG of 8 bits", f"{declared.bits} bits")
    if declared and declared.dct:
        check_size(source, declared.width, declared.height)
        check_jpeg(source.data)
    else:
        decode_whole(source.data, partial(_decode_jpeg, source))


def _decode_jpeg(source: Source, data: bytes) -> NDArray[Any]:
    with Image.open(BytesIO(data), formats=["JPEG"]) as image:
        check_size(source, *image.size)
        return np.asarray(image)


def _bytes_a_pixel(image: Image.Image) -> int:
    """Returns the bytes of a decoded pixel: Pillow holds colour in four bytes."""
    if len(image.getbands()) > 1:
        return 4
    return 2 if image.mode.startswith("I;16") else 1


def _check_tiff(source: Source, image: TiffImagePlugin.TiffImageFile) -> bool:
    """Refuses what Pillow would misread; returns True if the pixels are still to be inverted."""
    tags = image.tag_v2
    samples = set(tags.get(TiffImagePlugin.SAMPLEFORMAT, (1,)))
    bits = set(tags.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
    if samples != {1} or not bits <= {1, 8, 16}:
        received = f"{sorted(bits)} bits of sample format {sorted(samples)}"
        raise _refused(source, "8 or 16 bit without sign", received)
    white_is_zero = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0
    return white_is_zero and image.mode.startswith("I;16")


def _refused(source: Source, expected: str, received: str) -> ImageError:
    return ImageError(
        f"{source.name} cannot be read",
        expected=expected,
        received=received,
        remedy=REMEDY,
        code="image-unsupported",
        values={"path": source.name},
    )
