"""Checks that compressed data is complete: decoders fill in what is missing without an error.

Each check raises a `ValueError` that says what is wrong. Bytes behind the end are allowed: phones
append pictures, and DICOM pads frames.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

# EOI of JPEG and JPEG-LS, EOC of JPEG 2000: no entropy-coded data holds it.
_END = b"\xff\xd9"
_PNG_HEAD = 8
# More code for a picture that should be complete: bits of all lengths, and no marker.
_MORE = bytes(range(1, 0xFE, 7)) * 8


def check_jpeg(data: bytes) -> None:
    """Refuses a JPEG of 8 bits, coded by DCT, for which libjpeg would give a warning.

    Its entropy-coded data is decoded at an eighth of the size. Libjpeg warns of data that ends
    before the picture does, invalid codes, and bytes between segments.

    Args:
        data: codestream from SOI on. The caller must make sure that its frame is coded by DCT:
            libjpeg does not scale a lossless picture, and would write beyond the memory of a small
            one.
    """
    check_end(data)
    try:
        space = simplejpeg.decode_jpeg_header(data, strict=False)[2]
    except (ValueError, KeyError):  # not supported by this library: left to the decoder
        return
    space = {"YCbCr": "GRAY", "Gray": "GRAY", "YCCK": "CMYK"}.get(space, space)
    smallest = {"colorspace": space, "min_height": 1, "min_width": 1}
    try:
        simplejpeg.decode_jpeg(data, strict=True, **smallest)
    except (ValueError, KeyError) as warning:
        try:
            simplejpeg.decode_jpeg(data, strict=False, **smallest)
        except (ValueError, KeyError):  # an error and no warning: left to the decoder
            return
        raise ValueError(str(warning)) from warning


def decode_whole(data: bytes, decode: Callable[[bytes], Any]) -> NDArray[Any]:
    """Decodes a JPEG of any process and precision, and refuses it if its code ends too early.

    It is decoded again with more code before its end: a picture that is complete does not change.

    Args:
        data: codestream of the JPEG.
        decode: function that decodes a codestream to an array.
    """
    end = check_end(data)
    picture = np.asarray(decode(data[: end + len(_END)]))
    if not np.array_equal(picture, np.asarray(decode(data[:end] + _MORE + _END))):
        raise ValueError("its data ends before the picture does")
    return picture


def check_end(data: bytes) -> int:
    """Refuses a codestream of JPEG, JPEG-LS or JPEG 2000 without its last marker.

    The decoder of JPEG-LS takes seconds to miss it, and that of JPEG 2000 draws what there is.

    Returns:
        Position of the marker in the data, of the last one if there are several.
    """
    end = data.rfind(_END)
    if end < 0:
        raise ValueError("it has no end of image, so that the end of the file is missing")
    return end


def check_png(data: bytes) -> None:
    """Refuses a PNG whose chunks are cut, damaged, or without an end (PNG specification, 5.3)."""
    position, kind = _PNG_HEAD, b""
    while kind != b"IEND":
        head = data[position : position + 8]
        length, kind = int.from_bytes(head[:4]), head[4:]
        body = data[position + 4 : position + 8 + length]
        checksum = data[position + 8 + length : position + 12 + length]
        if len(checksum) < 4:
            raise ValueError("it ends before its end chunk")
        if zlib.crc32(body) != int.from_bytes(checksum):
            raise ValueError(f"the checksum of its {kind.decode('latin-1')} chunk is wrong")
        position += 12 + length
