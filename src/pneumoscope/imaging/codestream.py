"""Frame headers of JPEG, JPEG-LS and JPEG 2000 codestreams, read before anything is decoded."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_JPEG = b"\xff\xd8"
_JPEG_2000 = b"\xff\x4f\xff\x51"  # start of codestream, then its size
# Start of frame: all of SOF0 to SOF15 (the other three numbers mean other things), and JPEG-LS.
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_DCT = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # sequential and progressive, of Huffman or arithmetic codes
# Segments between SOI and a frame: tables, applications' data, comments. Each has a length.
_SEGMENTS = {0xC4, 0xCC, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xF8, 0xFE}


@dataclass(frozen=True)
class Declared:
    """Frame header of a codestream.

    Attributes:
        width: width of the frame, in pixels.
        height: height of the frame, in pixels.
        components: number of components, 1 for grey, 3 for colour.
        bits: number of bits of each sample.
        dct: True for a JPEG coded by the discrete cosine transform, not a lossless one.
    """

    width: int
    height: int
    components: int
    bits: int
    dct: bool = False


def read_declared(data: bytes) -> Declared | None:
    """Reads the frame header of a codestream, and nothing behind it.

    Args:
        data: codestream of JPEG (ITU-T T.81 B.2.2), JPEG-LS (T.87 C.2.2) or JPEG 2000
            (T.800 A.5.1).

    Returns:
        The frame header; None if the data is none of these, or ends too early.
    """
    try:
        if data.startswith(_JPEG_2000):
            x1, y1, x0, y0 = struct.unpack_from(">4I", data, 8)
            components, precision = struct.unpack_from(">HB", data, 40)
            return Declared(x1 - x0, y1 - y0, components, (precision & 0x7F) + 1)
        return _read_jpeg(data) if data.startswith(_JPEG) else None
    except struct.error:
        return None


def _read_jpeg(data: bytes) -> Declared | None:
    position = 2
    while True:
        prefix, marker = struct.unpack_from(">BB", data, position)
        if prefix != 0xFF:
            return None
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker in _FRAMES:
            bits, height, width, components = struct.unpack_from(">BHHB", data, position + 4)
            return Declared(width, height, components, bits, marker in _DCT)
        if marker not in _SEGMENTS:
            return None
        position += 2 + length
