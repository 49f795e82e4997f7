"""Wrappings of codestreams in DICOM files: JPEG 2000 boxes, and markers of JPEG colour spaces."""

from __future__ import annotations

import struct

_JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"  # signature box of ISO/IEC 15444-1 (T.800) I.5.1
_CODESTREAM = b"jp2c"


def unboxed(data: bytes) -> bytes:
    """Extracts the codestream of a JPEG 2000 file in boxes (T.800 I.4); keeps other data.

    PS3.5 A.4.4 asks for the codestream alone, and some devices write the whole file.
    """
    if not data.startswith(_JP2):
        return data
    position = 0
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1 and start + 8 <= len(data):
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = position + length if length else len(data)  # 0: to the end of the file
        if kind == _CODESTREAM:
            return data[start:end]
        if end < start:
            break
        position = end
    return data


def names_its_colours(data: bytes) -> bool:
    """Returns whether a JPEG states its colour space, RGB or YCbCr, by a JFIF or Adobe marker.

    JFIF (T.871) is always YCbCr, and stands first; Adobe's APP14 (T.872 6.5.3) says which.
    """
    return data[2:4] + data[6:11] == b"\xff\xe0JFIF\0" or b"\xff\xee\0\x0eAdobe" in data[:65536]
