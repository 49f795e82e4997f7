"""Technical facts of an image file, such as format, size and device, and its thumbnail."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging.decode import decoding
from pneumoscope.imaging.formats import sniff
from pneumoscope.imaging.picture import picture_facts
from pneumoscope.imaging.preprocess import load_pixels
from pneumoscope.imaging.source import Source
from pneumoscope.types import Geometry

THUMBNAIL = 32  # pixels a side

_GRID = Geometry(2 * THUMBNAIL, 2 * THUMBNAIL)
_ORIENTATION = 0x0112  # EXIF tag
_TURNED = range(5, 9)  # its values that swap width and height

# Table K.1 of ITU-T T.81, the luminance quantisation that libjpeg scales by its quality.
_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


@dataclass(frozen=True)
class ImageFacts:
    """Technical facts of one image, which should say nothing of the disease.

    Attributes:
        format: format of the file, such as "JPEG".
        mode: pixel format: Pillow's mode, such as "L" or "RGB", or for DICOM the photometric
            interpretation.
        bits: number of bits of each channel.
        width: width of the upright picture, in pixels.
        height: height of the upright picture, in pixels.
        bytes: size of the file, in bytes.
        jpeg_quality: estimate of libjpeg's quality setting, 1 to 100; None if it is no JPEG.
        device: manufacturer and model, for DICOM; empty if the file does not say.
        view: view position such as "PA" or "AP", for DICOM; empty if the file does not say.
        brightness: mean grey level, 0 to 255.
        contrast: standard deviation of the grey levels.
        black: fraction of the picture that is nearly black, 0 to 1.
    """

    format: str
    mode: str
    bits: int
    width: int
    height: int
    bytes: int
    jpeg_quality: float | None
    device: str
    view: str
    brightness: float
    contrast: float
    black: float

    @property
    def aspect(self) -> float:
        """Ratio of width to height."""
        return self.width / self.height


@dataclass(frozen=True, eq=False)
class Look:
    """Facts and thumbnail of an image file.

    Attributes:
        facts: technical facts of the file.
        thumbnail: the picture, scaled down, uint8 of shape (`THUMBNAIL`, `THUMBNAIL`).
    """

    facts: ImageFacts
    thumbnail: NDArray[np.uint8]


def look(source: Source) -> Look:
    """Reads the facts and the thumbnail of an image.

    Raises:
        ImageError: if the file cannot be read as an image.
    """
    grey = load_pixels(source, _GRID)
    kind = sniff(source)
    with decoding(source, kind):
        header = _dicom_header(source) if kind == "DICOM" else _raster_header(source, kind)
    picture = picture_facts(grey)
    facts = ImageFacts(
        format=kind,
        bytes=len(source.data),
        brightness=picture.brightness,
        contrast=picture.contrast,
        black=picture.black,
        **header,
    )
    blocks = grey.reshape(THUMBNAIL, 2, THUMBNAIL, 2).mean(axis=(1, 3))
    return Look(facts, blocks.round().astype(np.uint8))


def _raster_header(source: Source, kind: str) -> dict[str, Any]:
    with Image.open(BytesIO(source.data), formats=[kind]) as image:
        width, height = image.size
        if image.getexif().get(_ORIENTATION) in _TURNED:
            width, height = height, width
        return {
            "mode": image.mode,
            "bits": {"1": 1, "I;16": 16, "I;16B": 16}.get(image.mode, 8),
            "width": width,
            "height": height,
            "jpeg_quality": _jpeg_quality(image),
            "device": "",
            "view": "",
        }


def _dicom_header(source: Source) -> dict[str, Any]:
    from pneumoscope.imaging.dicom import read_header  # loads pydicom and its codecs

    ds = read_header(source)
    device = (ds.get("Manufacturer"), ds.get("ManufacturerModelName"))
    return {
        "mode": str(ds.PhotometricInterpretation),
        "bits": int(ds.BitsStored),
        "width": int(ds.Columns),
        "height": int(ds.Rows),
        "jpeg_quality": None,
        "device": " ".join(str(name).strip() for name in device if name),
        "view": str(ds.get("ViewPosition") or ""),
    }


def _jpeg_quality(image: Image.Image) -> float | None:
    """Estimates the quality setting that scales libjpeg's luminance table to that of the file.

    Libjpeg multiplies its table by 50 / quality below 50 and by 2 - quality / 50 above
    (`jpeg_quality_scaling` of its jcparam.c) and rounds. The median over the table's entries that
    were not cut off at 1 or 255 undoes it; other encoders' tables give the nearest equivalent.
    """
    tables = getattr(image, "quantization", None)
    if not tables:
        return None
    table = np.asarray(tables[min(tables)]).reshape(8, 8)
    inside = (table > 1) & (table < 255)
    if not inside.any():
        return 100.0 if table.max() <= 1 else 1.0
    scale = float(np.median((table / _LUMINANCE)[inside]))
    return round(min(100.0, max(1.0, 50 / scale if scale > 1 else 100 - 50 * scale)), 1)
