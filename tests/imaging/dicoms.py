"""DICOM files made for tests: any pixels, in any transfer syntax that is read."""

from __future__ import annotations

import struct
from io import BytesIO

import imagecodecs
import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_encoder

LOSSLESS = {
    "implicit": uid.ImplicitVRLittleEndian,
    "explicit": uid.ExplicitVRLittleEndian,
    "big endian": uid.ExplicitVRBigEndian,
    "deflated": uid.DeflatedExplicitVRLittleEndian,
    "rle": uid.RLELossless,
    "jpeg lossless": uid.JPEGLossless,
    "jpeg lossless sv1": uid.JPEGLosslessSV1,
    "jpeg-ls": uid.JPEGLSLossless,
    "jpeg 2000 lossless": uid.JPEG2000Lossless,
}
LOSSY = {
    "jpeg baseline": uid.JPEGBaseline8Bit,
    "jpeg extended": uid.JPEGExtended12Bit,
    "jpeg-ls near-lossless": uid.JPEGLSNearLossless,
    "jpeg 2000": uid.JPEG2000,
}


def encode_frame(pixels: np.ndarray, syntax: uid.UID, bits: int) -> bytes:
    """A codestream of what a file with this transfer syntax holds."""
    if syntax == uid.RLELossless:
        return get_encoder(syntax).encode(
            pixels,
            rows=pixels.shape[0],
            columns=pixels.shape[1],
            samples_per_pixel=1 if pixels.ndim == 2 else 3,
            bits_allocated=8 * pixels.itemsize,
            bits_stored=bits,
            pixel_representation=0,
            number_of_frames=1,
            photometric_interpretation="MONOCHROME2" if pixels.ndim == 2 else "RGB",
            planar_configuration=0,
            encoding_plugin="pydicom",
        )
    if syntax in (uid.JPEGLossless, uid.JPEGLosslessSV1):
        return imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=bits)
    if syntax in (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit):
        return imagecodecs.jpeg8_encode(pixels, level=95, bitspersample=8 if bits == 8 else 12)
    if syntax in uid.JPEGLSTransferSyntaxes:
        return imagecodecs.jpegls_encode(pixels, level=2 * (syntax == uid.JPEGLSNearLossless))
    lossless = syntax == uid.JPEG2000Lossless
    return imagecodecs.jpeg2k_encode(
        pixels,
        level=0 if lossless else 60,
        codecformat="j2k",
        reversible=lossless,
        bitspersample=bits,
    )


def header(pixels: np.ndarray, bits: int, **changes: object) -> Dataset:
    """The elements that every picture has; None takes one away."""
    ds = Dataset()
    ds.SOPClassUID = uid.DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID = "1.2.3.4"
    ds.Modality = "DX"
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    ds.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = 8 * pixels.itemsize
    ds.BitsStored, ds.HighBit = bits, bits - 1
    ds.PixelRepresentation = int(np.issubdtype(pixels.dtype, np.signedinteger))
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
        if value is None:
            delattr(ds, keyword)
    return ds


def dicom(
    pixels: np.ndarray,
    syntax: uid.UID = uid.ExplicitVRLittleEndian,
    bits: int = 0,
    frame: bytes | None = None,
    **changes: object,
) -> bytes:
    """A DICOM file in memory.

    Args:
        pixels: (rows, columns) or (rows, columns, 3) of 8 or 16 bit.
        syntax: the transfer syntax.
        bits: BitsStored, by default all.
        frame: an encoded picture to put in instead of the pixels.
        changes: elements to set, by keyword; None takes one away.
    """
    bits = bits or 8 * pixels.itemsize
    ds = header(pixels, bits, **changes)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    if syntax.is_encapsulated:
        encoded = encode_frame(pixels, syntax, bits) if frame is None else frame
        ds.PixelData = encapsulate([encoded])
        ds["PixelData"].VR = "OB"
    elif "PixelData" not in changes:
        order = "<" if syntax.is_little_endian else ">"
        wide = pixels.itemsize == 2
        ds.PixelData = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
        ds["PixelData"].VR = "OW" if wide else "OB"
    if changes.get("PixelData", "") is None:
        ds.pop("PixelData", None)
    stream = BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def with_length(data: bytes, keyword_tag: tuple[int, int], value: int) -> bytes:
    """The file with another number in an element of VR US."""
    head = struct.pack("<HH2sH", *keyword_tag, b"US", 2)
    position = data.index(head) + len(head)
    return data[:position] + struct.pack("<H", value) + data[position + 2 :]
