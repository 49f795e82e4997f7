"""What files wrap around the codestreams that DICOM asks for."""

from __future__ import annotations

import struct

_JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"  # signature box of ISO/IEC 15444-1 (T.800) I.5.1
_CODESTREAM = b"jp2c"


def unboxed(data: bytes) -> bytes:
    """The codestream of a JPEG 2000 file in boxes (T.800 I.4); other data as they are.

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
    """Whether a JPEG says itself if it is RGB or YCbCr: by a JFIF or an Adobe marker.

    JFIF (T.871) is always YCbCr, and stands first; Adobe's APP14 (T.872 6.5.3) says which.
    """
    return data[2:4] + data[6:11] == b"\xff\xe0JFIF\0" or b"\xff\xee\0\x0eAdobe" in data[:65536]
