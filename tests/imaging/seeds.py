"""Small valid files of every kind that is read, for fuzzing to start from."""

from __future__ import annotations

import imagecodecs
import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset

from pneumoscope.imaging.read import Source, open_upright
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


def check(data: bytes) -> None:
    """Reads what may be an image: a picture within the limits, or an `ImageError`."""
    picture = open_upright(Source("fuzz", data), at_least=64)
    assert picture.width * picture.height <= 80_000_000
