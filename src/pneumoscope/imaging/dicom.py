"""Decoding of DICOM files to grey pictures. Clauses are those of DICOM PS3.3 and PS3.5."""

from __future__ import annotations

import zlib
from functools import partial
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
from pydicom.pixels.utils import pixel_array

from pneumoscope.errors import ImageError
from pneumoscope.imaging.codestream import read_declared
from pneumoscope.imaging.greys import bits_below, deep_table, grey_table
from pneumoscope.imaging.source import Source, check_size
from pneumoscope.imaging.whole import check_end, check_jpeg, decode_whole
from pneumoscope.imaging.window import Window
from pneumoscope.imaging.wrapping import names_its_colours, unboxed

# PS3.3 C.7.3.1.1.1: projections of the body in one picture, and "other" for what was scanned in.
# DR is in no edition of the Standard, but in many files.
MODALITIES = {"", "CR", "DX", "DR", "RG", "OT"}
# Their classes in PS3.4 B.5. Secondary captures may be scanned films; the gate looks at them.
_SOP_CLASSES = {
    uid.ComputedRadiographyImageStorage,
    uid.DigitalXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForProcessing,
    uid.SecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
}

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
TRANSFER_SYNTAXES = _NATIVE | _JPEG | _JPEG_LS | _JPEG_2000 | {uid.RLELossless}
"""Transfer syntaxes of the files that are read."""
_MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
# Colour other than RGB that is turned into it: by pydicom where native, otherwise by the codec.
_LUMA_CHROMA = {
    **dict.fromkeys(_NATIVE | _JPEG, ("YBR_FULL", "YBR_FULL_422")),
    **dict.fromkeys(_JPEG_2000, ("YBR_ICT", "YBR_RCT")),
}
_REMEDY = "Export the radiograph alone, as DICOM (CR or DX) or as PNG, or leave it out"


def decode_dicom(source: Source) -> Image.Image:
    """Decodes the DICOM file of a radiograph to the picture that it is meant to show.

    Args:
        source: DICOM file with its preamble.

    Returns:
        Mode "L"; "RGB" where the file holds colour (as scanned film and screenshots may).

    Raises:
        ImageError: if it cannot be a single radiograph: of another modality, with several frames
            or none, too small or too large, or stored in a way that is not supported. Any other
            exception means that it is broken.
    """
    ds, patterns = _read_patterns(source)
    if ds.PhotometricInterpretation not in _MONOCHROME:
        return Image.fromarray(patterns)
    table = grey_table(ds)
    if patterns.itemsize == 1:  # Pillow looks these up several times as fast
        return Image.fromarray(patterns).point(table[:256].tolist())
    return Image.fromarray(table.take(patterns))


def decode_deep(source: Source) -> tuple[Image.Image, Window]:
    """Decodes the DICOM file of a radiograph to its values before they go through its window.

    Args:
        source: DICOM file with its preamble.

    Returns:
        Mode "I;16", the range of values that it may hold in 16 bits; "RGB" where the file holds
        colour. And the window that it is meant to be shown through.

    Raises:
        ImageError: as `decode_dicom`.
    """
    ds, patterns = _read_patterns(source)
    if ds.PhotometricInterpretation not in _MONOCHROME:
        return Image.fromarray(patterns), Window()
    table, window = deep_table(ds)
    return Image.fromarray(table.take(patterns)), window


def _read_patterns(source: Source) -> tuple[Dataset, NDArray[Any]]:
    """Reads header and stored bits: unsigned, (rows, columns), or (rows, columns, 3) of RGB."""
    ds = read_header(source)
    check_header(source, ds)
    stored = _read_stored(source, ds)
    return ds, stored.view(f"u{stored.itemsize}")


def read_header(source: Source) -> Dataset:
    """Reads all elements of a file, once; the pixels stay encoded, and the result unchanged.

    Args:
        source: DICOM file with its preamble.

    Raises:
        ImageError: if the transfer syntax is not supported, or the file inflates to more than its
            limits allow.
    """
    return source.once(_parse)


def _parse(source: Source) -> Dataset:
    stream = BytesIO(source.data)
    read_preamble(stream, force=False)
    meta = FileMetaDataset(
        read_dataset(stream, False, True, stop_when=lambda tag, *_: tag.group != 2)
    )
    syntax = uid.UID(meta.get("TransferSyntaxUID") or "")
    if syntax not in TRANSFER_SYNTAXES:
        received = f"{syntax.name} ({syntax})" if syntax else "none"
        raise _refused(source, "a transfer syntax for single pictures", received)
    if syntax.is_deflated:
        stream = BytesIO(_inflate(source, stream.read()))
    ds = read_dataset(stream, syntax.is_implicit_VR, syntax.is_little_endian)
    ds.file_meta = meta
    return ds


def _check_kind(source: Source, ds: Dataset) -> None:
    """Refuses a file unless modality and SOP class both may be those of a projection."""
    modality = str(ds.get("Modality") or "").strip().upper()
    sop_class = uid.UID(str(ds.get("SOPClassUID") or ""))
    other_class = sop_class.type == "SOP Class" and sop_class not in _SOP_CLASSES
    if modality in MODALITIES and not other_class:
        return
    received = f"modality {modality or 'none'}" + f", {sop_class.name}" * other_class
    raise _refused(source, "a radiograph (modality CR or DX)", received)


def check_header(source: Source, ds: Dataset) -> None:
    """Refuses a file whose header, as `read_header` reads it, is not that of one radiograph.

    Raises:
        ImageError: as `decode_dicom`. Any other exception means that the header is broken.
    """
    _check_kind(source, ds)
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
    if not 0 <= bits_below(ds) <= allocated - int(ds.BitsStored):
        raise _refused(source, "a HighBit that leaves room for BitsStored", f"{ds.HighBit}")


def _read_stored(source: Source, ds: Dataset) -> NDArray[Any]:
    """Reads the stored values: shape (rows, columns), or (rows, columns, 3) of RGB."""
    syntax = ds.file_meta.TransferSyntaxUID
    if syntax in _NATIVE:
        native = pixel_array(ds, correct_unused_bits=False)  # `grey_table` knows where they are
        return native.astype(native.dtype.newbyteorder("="), copy=False)
    frame = unboxed(get_frame(ds.PixelData, 0, number_of_frames=1))
    shape = (int(ds.Rows), int(ds.Columns), int(ds.SamplesPerPixel))
    if syntax == uid.RLELossless:
        return _decode_rle(frame, shape, int(ds.BitsAllocated) // 8)
    declared = read_declared(frame)
    found = (declared.height, declared.width, declared.components) if declared else None
    if declared is None or found != shape:
        raise _refused(source, f"an encoded picture of {shape}, as declared", f"{found}")
    values = _decode(frame, ds)
    if declared.bits <= int(ds.BitsStored) and bits_below(ds):
        # Only the stored bits were encoded, and they came out lowest.
        return values.astype(f"u{int(ds.BitsAllocated) // 8}") << bits_below(ds)
    return values


def _decode(frame: bytes, ds: Dataset) -> NDArray[Any]:
    syntax = ds.file_meta.TransferSyntaxUID
    if syntax in _JPEG:
        # A JPEG that states its own colour space is right, whatever the header says.
        labelled = ds.PhotometricInterpretation == "RGB" and not names_its_colours(frame)
        space = "RGB" if labelled else None
        decode = partial(imagecodecs.jpeg8_decode, colorspace=space)
        if (declared := read_declared(frame)) and declared.dct and declared.bits == 8:
            check_jpeg(frame)
            return np.asarray(decode(frame))
        return decode_whole(frame, decode)
    check_end(frame)
    if syntax in _JPEG_LS:
        return np.asarray(imagecodecs.jpegls_decode(frame))
    return np.asarray(imagecodecs.jpeg2k_decode(frame))


def _decode_rle(
    frame: bytes, shape: tuple[int, int, int], itemsize: int
) -> NDArray[np.unsignedinteger]:
    rows, columns, samples = shape
    # A buffer of the declared size: data that exceeds it is an error, however much it is.
    planes = bytearray(rows * columns * samples * itemsize)
    filled = imagecodecs.dicomrle_decode(frame, f"<u{itemsize}", out=planes)
    if len(filled) != len(planes):
        raise ValueError(f"it holds {len(filled)} bytes of {len(planes)}")
    values = np.frombuffer(planes, f"<u{itemsize}").reshape(samples, rows, columns)
    return values[0] if samples == 1 else np.moveaxis(values, 0, -1)


def _inflate(source: Source, data: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)  # PS3.5 A.5
    most = source.limits.file_bytes
    inflated = inflater.decompress(data, most)
    if inflater.unconsumed_tail:
        raise _refused(source, f"at most {most} bytes when inflated", "more")
    return inflated


def _refused(source: Source, expected: str, received: str) -> ImageError:
    return ImageError(
        f"{source.name} cannot be read as a radiograph",
        expected=expected,
        received=received,
        remedy=_REMEDY,
        code="image-unsupported",
        values={"path": source.name},
    )
