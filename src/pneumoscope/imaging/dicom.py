"""DICOM files to grey pictures. Clauses are those of the DICOM Standard, PS3.3 and PS3.5.

Stored values go through the modality LUT, the VOI LUT or the first window, and MONOCHROME1 is
inverted last. All of that depends on the stored value alone, so it is worked out once for each
value that there can be, and the picture is then looked up. Overlays and shutters are left out.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.filereader import read_dataset, read_preamble
from pydicom.pixels.processing import apply_rescale, apply_windowing
from pydicom.pixels.utils import pixel_array

from pneumoscope.errors import ImageError
from pneumoscope.imaging import read
from pneumoscope.imaging.codestream import read_declared
from pneumoscope.imaging.read import Source, check_size

# PS3.3 C.7.3.1.1.1: projections of the body in one picture, and "other" for what was scanned in.
# DR is in no edition of the Standard, but in many files.
MODALITIES = {"", "CR", "DX", "DR", "RG", "OT"}

_NATIVE = {
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
}
_JPEG = {
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
}
_JPEG_LS = {uid.JPEGLSLossless, uid.JPEGLSNearLossless}
_JPEG_2000 = {uid.JPEG2000Lossless, uid.JPEG2000}
_SYNTAXES = _NATIVE | _JPEG | _JPEG_LS | _JPEG_2000 | {uid.RLELossless}
_MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
# Colour other than RGB that is turned into it: by pydicom where native, otherwise by the codec.
_LUMA_CHROMA = {
    **dict.fromkeys(_NATIVE | _JPEG, ("YBR_FULL", "YBR_FULL_422")),
    **dict.fromkeys(_JPEG_2000, ("YBR_ICT", "YBR_RCT")),
}
_REMEDY = "Export the radiograph alone, as DICOM (CR or DX) or as PNG, or leave it out"


def decode_dicom(source: Source) -> Image.Image:
    """The picture that a radiograph's DICOM file is meant to show.

    Args:
        source: a file with a preamble.

    Returns:
        Mode "L"; "RGB" where the file holds colour (as scanned film and screenshots may).

    Raises:
        ImageError: if it cannot be a single radiograph: of another modality, with several frames
            or none, too small or too large, or stored in a way that is not read. Whatever else
            is raised means that it is broken.
    """
    ds = read_header(source)
    _check(source, ds)
    stored = _read_stored(source, ds)
    if ds.PhotometricInterpretation not in _MONOCHROME:
        return Image.fromarray(stored)
    table = grey_table(ds)
    patterns = stored.view(f"u{stored.itemsize}")
    if patterns.itemsize == 1:  # which Pillow looks up several times as fast
        return Image.fromarray(patterns).point(table[:256].tolist())
    return Image.fromarray(table.take(patterns))


def read_header(source: Source) -> Dataset:
    """All elements of a file, the pixels still encoded.

    Args:
        source: a file with a preamble.

    Raises:
        ImageError: if the transfer syntax is not one that is read, or the file inflates to more
            than `MAX_BYTES`.
    """
    stream = BytesIO(source.data)
    read_preamble(stream, force=False)
    meta = FileMetaDataset(
        read_dataset(stream, False, True, stop_when=lambda tag, *_: tag.group != 2)
    )
    syntax = uid.UID(meta.get("TransferSyntaxUID") or "")
    if syntax not in _SYNTAXES:
        received = f"{syntax.name} ({syntax})" if syntax else "none"
        raise _refused(source, "a transfer syntax for single pictures", received)
    if syntax.is_deflated:
        stream = BytesIO(_inflate(source, stream.read()))
    ds = read_dataset(stream, syntax.is_implicit_VR, syntax.is_little_endian)
    ds.file_meta = meta
    return ds


def grey_table(ds: Dataset) -> NDArray[np.uint8]:
    """The grey of every stored value.

    The modality LUT (C.11.1), then the first VOI LUT or else the first window (C.11.2). Where
    there is neither, the VOI stage is the identity and the nominal range of `BitsStored` is
    shown, as for a PNG of 16 bits: what is black never depends on what else is in the picture.
    Values from `PixelPaddingValue` to `PixelPaddingRangeLimit` are no part of it (C.7.5.1.1.2)
    and become black. MONOCHROME1 is inverted over the nominal range (C.7.6.3.1.2); Presentation
    LUT Shape only repeats what it says (C.8.11.3.1.2).

    Args:
        ds: of a grey picture.

    Returns:
        uint8 of shape (2 ** BitsAllocated,), indexed by the stored bits read as unsigned.

    Raises:
        ValueError: if the transformation has no range.
    """
    bits, signed = int(ds.BitsStored), bool(ds.PixelRepresentation)
    stored = np.arange(2 ** int(ds.BitsAllocated)) % 2**bits  # bits above are no part (PS3.5 8.1)
    if signed:
        stored = np.where(stored < 2 ** (bits - 1), stored, stored - 2**bits)
    values, black, white = _transform(ds, stored)
    fraction = (np.asarray(values, np.float64) - black) / (white - black)
    if not np.isfinite(fraction).all():
        raise ValueError("its look-up tables or window have no range")
    # The upper eight bits of the range, as everywhere.
    grey = (256 * fraction).clip(0, 255).astype(np.uint8)
    if ds.PhotometricInterpretation == "MONOCHROME1":
        grey = 255 - grey
    grey[_is_padding(ds, stored)] = 0
    return grey


def _transform(ds: Dataset, stored: NDArray[np.int64]) -> tuple[NDArray[Any], float, float]:
    """Stored values after modality and VOI, and which of the results are black and white."""
    if ds.get("ModalityLUTSequence"):
        values, white = _look_up(ds, ds.ModalityLUTSequence[0], stored)
        ends = [0.0, float(white)]
    else:
        values = apply_rescale(stored, ds)
        ends = [float(values[stored.argmin()]), float(values[stored.argmax()])]
    if ds.get("VOILUTSequence"):
        values, white = _look_up(ds, ds.VOILUTSequence[0], values)
        return values, 0, white
    if all(ds.get(keyword) not in (None, "") for keyword in ("WindowCenter", "WindowWidth")):
        # Where the slope is negative these ends, and pydicom's output range, are upside down alike.
        return apply_windowing(values, ds), ends[0], ends[1]
    return values, min(ends), max(ends)


def _look_up(ds: Dataset, lut: Dataset, values: NDArray[Any]) -> tuple[NDArray[np.int64], int]:
    """Values through a LUT (C.11.1.1, C.11.2.1.1), and the greatest that its bits can hold.

    pydicom 3.0 would cut a value down to the bits of the LUT's output before looking it up.
    """
    entries, first, bits = (int(number) for number in lut.LUTDescriptor)
    data = lut.LUTData
    if isinstance(data, bytes):
        little = ds.file_meta.TransferSyntaxUID.is_little_endian
        data = np.frombuffer(data, "<u2" if little else ">u2")
    table = np.asarray(data, np.int64)[: entries or 2**16]
    return table[(values - first).clip(0, len(table) - 1).astype(np.int64)], 2**bits - 1


def _is_padding(ds: Dataset, stored: NDArray[np.int64]) -> NDArray[np.bool_]:
    first = ds.get("PixelPaddingValue")
    if first is None:
        return np.zeros(stored.shape, bool)
    # The sign of both is often written wrongly; the bits are right.
    ends = [int(first), int(ds.get("PixelPaddingRangeLimit", first))]
    mask = 2 ** int(ds.BitsStored) - 1
    low, high = sorted(int(stored[end & mask]) for end in ends)
    return (low <= stored) & (stored <= high)


def _check(source: Source, ds: Dataset) -> None:
    modality = str(ds.get("Modality") or "").upper()
    if modality not in MODALITIES:
        raise _refused(source, "a radiograph (modality CR or DX)", f"modality {modality}")
    if not ds.get("PixelData"):
        raise _refused(source, "a picture", "no pixel data")
    frames = int(ds.get("NumberOfFrames") or 1)
    if frames != 1:
        raise _refused(source, "a single frame", f"{frames}")
    check_size(source, int(ds.Columns), int(ds.Rows))
    samples, allocated = int(ds.SamplesPerPixel), int(ds.BitsAllocated)
    colours = ("RGB", *_LUMA_CHROMA.get(ds.file_meta.TransferSyntaxUID, ()))
    kinds = {1: ((8, 16), _MONOCHROME), 3: ((8,), colours)}
    depths, interpretations = kinds.get(samples, ((), ()))
    if allocated not in depths or ds.PhotometricInterpretation not in interpretations:
        received = f"{samples} x {allocated} bit {ds.PhotometricInterpretation}"
        raise _refused(source, "8 or 16 bit grey, or 8 bit colour", received)
    if not 1 <= int(ds.BitsStored) <= allocated:
        raise _refused(source, f"1 to {allocated} bits stored", f"{ds.BitsStored}")


def _read_stored(source: Source, ds: Dataset) -> NDArray[Any]:
    """The stored values: (rows, columns), or (rows, columns, 3) of RGB."""
    syntax = ds.file_meta.TransferSyntaxUID
    if syntax in _NATIVE:
        native = pixel_array(ds)
        return native.astype(native.dtype.newbyteorder("="), copy=False)
    frame = get_frame(ds.PixelData, 0, number_of_frames=1)
    shape = (int(ds.Rows), int(ds.Columns), int(ds.SamplesPerPixel))
    if syntax == uid.RLELossless:
        return _decode_rle(frame, shape, int(ds.BitsAllocated) // 8)
    declared = read_declared(frame)
    found = (declared.height, declared.width, declared.components) if declared else None
    if found != shape:
        raise _refused(source, f"an encoded picture of {shape}, as declared", f"{found}")
    if syntax in _JPEG:
        space = "RGB" if ds.PhotometricInterpretation == "RGB" else None
        values = imagecodecs.jpeg8_decode(frame, colorspace=space)
    elif syntax in _JPEG_LS:
        values = imagecodecs.jpegls_decode(frame)
    else:
        values = imagecodecs.jpeg2k_decode(frame)
    return np.asarray(values)


def _decode_rle(
    frame: bytes, shape: tuple[int, int, int], itemsize: int
) -> NDArray[np.unsignedinteger]:
    rows, columns, samples = shape
    # A buffer of the declared size: what would run over it is an error, however much it is.
    planes = bytearray(rows * columns * samples * itemsize)
    filled = imagecodecs.dicomrle_decode(frame, f"<u{itemsize}", out=planes)
    if len(filled) != len(planes):
        raise ValueError(f"it holds {len(filled)} bytes of {len(planes)}")
    values = np.frombuffer(planes, f"<u{itemsize}").reshape(samples, rows, columns)
    return values[0] if samples == 1 else np.moveaxis(values, 0, -1)


def _inflate(source: Source, data: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)  # PS3.5 A.5
    inflated = inflater.decompress(data, read.MAX_BYTES)
    if inflater.unconsumed_tail:
        raise _refused(source, f"at most {read.MAX_BYTES} bytes when inflated", "more")
    return inflated


def _refused(source: Source, expected: str, received: str) -> ImageError:
    return ImageError(
        f"{source.name} cannot be read as a radiograph",
        expected=expected,
        received=received,
        remedy=_REMEDY,
    )
