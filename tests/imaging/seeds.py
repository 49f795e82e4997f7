"""Small valid files of every kind that is read, for fuzzing to start from."""

from __future__ import annotations

import struct
from functools import partial

import imagecodecs
import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset

from pneumoscope.errors import ImageError
from pneumoscope.imaging import load_display, load_pixels, look, read_acquisition
from pneumoscope.imaging.decode import open_upright
from pneumoscope.imaging.source import LIMITS, Source
from pneumoscope.types import Geometry
from tests.conftest import encoded, picture
from tests.imaging.dicoms import LOSSLESS, LOSSY, dicom

_GREY = picture((40, 36))
_DEEP = _GREY.astype(np.uint16) * 16 + 5
_IMAGE = Image.fromarray(_GREY)


def _lut(entries: np.ndarray, bits: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), 0, bits])
    item.add_new("LUTData", "OW", entries.tobytes())
    return item


SEEDS: dict[str, bytes] = {
    "jpeg": encoded(_IMAGE, "JPEG"),
    "jpeg progressive": encoded(_IMAGE.convert("RGB"), "JPEG", progressive=True),
    "jpeg cmyk": encoded(_IMAGE.convert("CMYK"), "JPEG"),
    "png": encoded(_IMAGE),
    "png 16 bit": encoded(_DEEP),
    "png palette": encoded(_IMAGE.convert("P"), transparency=3),
    "bmp": encoded(_IMAGE, "BMP"),
    "tiff": encoded(_IMAGE, "TIFF"),
    "tiff lzw": encoded(_IMAGE.convert("RGB"), "TIFF", compression="tiff_lzw"),
    "tiff jpeg": encoded(_IMAGE, "TIFF", compression="jpeg"),
    "webp": encoded(_IMAGE, "WEBP"),
    "webp lossless": encoded(_IMAGE.convert("RGBA"), "WEBP", lossless=True),
    "dicom windowed": dicom(_DEEP, bits=12, WindowCenter=[500, 20], WindowWidth=[900, 40]),
    "dicom colour": dicom(picture((40, 36, 3))),
    "dicom high bit": dicom(_DEEP << 4, bits=12, HighBit=15),
    "dicom look-up tables": dicom(
        _DEEP,
        bits=12,
        ModalityLUTSequence=[_lut(2 * np.arange(4096, dtype="<u2"), 16)],
        VOILUTSequence=[Dataset(), _lut(np.arange(256, dtype=np.uint8), 8)],
    ),
    "dicom boxes": dicom(
        _GREY, uid.JPEG2000, frame=imagecodecs.jpeg2k_encode(_GREY, codecformat="jp2")
    ),
    **{
        f"dicom {name} {bits}": dicom(_GREY if bits == 8 else _DEEP, syntax, bits)
        for name, syntax in {**LOSSLESS, **LOSSY}.items()
        for bits in (8, 12)
        if (name, bits) != ("jpeg baseline", 12)
    },
}


def _bitmap(width: int, height: int, runs: bytes) -> bytes:
    """A BMP of 8 bits, compressed by runs (BI_RLE8)."""
    palette = b"".join(bytes([grey, grey, grey, 0]) for grey in range(256))
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    start = 14 + len(info) + len(palette)
    return struct.pack("<2sIII", b"BM", start + len(runs), 0, start) + info + palette + runs


def _runs(picture: np.ndarray) -> bytes:
    rows = [b"".join(bytes([1, grey]) for grey in row) + b"\0\0" for row in picture[::-1]]
    return b"".join(rows) + b"\0\1"


SEEDS |= {
    "bmp rle": _bitmap(36, 40, _runs(_GREY)),
    "jpeg lossless": imagecodecs.jpeg8_encode(_GREY, lossless=True),
    **{
        f"tiff {name}": encoded(_IMAGE, "TIFF", compression=name)
        for name in ("packbits", "tiff_adobe_deflate", "lzma", "zstd")
    },
    "tiff group 4": encoded(_IMAGE.convert("1"), "TIFF", compression="group4"),
    "tiff 16 bit": encoded(_DEEP, "TIFF", compression="tiff_lzw"),
}

_LOSSLESS = SEEDS["jpeg lossless"]
# Files that broke something once, or that decoders take long over: read or refused.
ODD: dict[str, bytes] = {
    "jpeg-ls without end": dicom(
        _GREY, uid.JPEGLSLossless, frame=imagecodecs.jpegls_encode(_GREY)[:-2]
    ),
    "bmp rle bomb": _bitmap(9000, 8000, b"\xff\x07" * 2000),
    "bmp rle skips": _bitmap(2000, 2000, b"\0\2\xff\xff" * 2000),
    "png flat": encoded(np.full((112, 172_100), 9, np.uint8)),
    "dicom unknown VR": dicom(_GREY).replace(b"\x08\0\x60\0CS", b"\x08\0\x60\0QQ"),
    "jpeg lossless behind markers": _LOSSLESS[:2]
    + b"\xff\xff\xfe\0\4\xff\xc0\xff\x01\xff\xd0"
    + _LOSSLESS[2:],
}


def _upright(source: Source) -> None:
    picture = open_upright(source, at_least=64)
    assert picture.width * picture.height <= LIMITS.pixels


_READERS = (
    _upright,
    read_acquisition,
    look,
    partial(load_pixels, geometry=Geometry(64, 64)),
    partial(load_display, longest=64),
)


def check(data: bytes) -> None:
    """Reads what may be an image in all ways, whichever refuse it; `ImageError` if one does."""
    refused = None
    for reader in _READERS:
        try:
            reader(Source("fuzz", data))
        except ImageError as error:
            refused = error
    if refused:
        raise refused
