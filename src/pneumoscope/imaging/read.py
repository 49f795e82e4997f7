"""Image files to upright pictures. The format is told by the first bytes, never by the name."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from pneumoscope.errors import ImageError
from pneumoscope.imaging.quiet import undisturbed
from pneumoscope.names import public_name

MAX_BYTES = 256 * 2**20
MAX_PIXELS = 80_000_000  # below the size at which Pillow itself begins to warn
MAX_DECODED = 2 * MAX_PIXELS  # bytes: such a picture in 16-bit grey
MIN_SIDE = 32

# First bytes of each format that is read. Pillow knows all but DICOM by the same names.
SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
REMEDY = "Open the file in an image viewer and export it again as PNG or JPEG, or leave it out"

_FORMATS = (*dict.fromkeys(SIGNATURES.values()), "WEBP", "DICOM")
# How a DICOM file begins that came without its preamble: with group 0002, or with group 0008.
_BARE_DICOM = (b"\x02\0\0\0UL\4\0", b"\x02\0\1\0OB\0\0", b"\x08\0\5\0", b"\x08\0\x16\0")


_BARE = (b"\x02\0", b"\x08\0", b"DICM")  # what may be one, however damaged
_HEAD = 132  # bytes that tell the format
# Extensions that promise a picture, whether it is of a format that is read or not.
_PICTURES = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp"),
    *(".dcm", ".dicom", ".dic", ".ima", ".gif", ".heic", ".heif", ".avif", ".jp2", ".j2k"),
    *(".nii", ".nrrd", ".mha", ".pgm", ".ppm", ".tga", ".raw"),
}


@dataclass(frozen=True)
class Source:
    """The bytes of one image file, read once.

    Attributes:
        name: how errors name it.
        data: the whole file.
    """

    name: str
    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()


def read_bytes(path: Path) -> Source:
    """Reads a regular file whole, within `MAX_BYTES`.

    Pipes and devices, which may have no end, are not waited for: `read_stream` reads those.

    Raises:
        ImageError: if it is missing, no regular file, not readable or too large.
    """
    name = public_name(path)
    try:
        # Opened without blocking, and looked at when it is open: it cannot change in between.
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ImageError(
                    f"{name} is no file but a pipe, a socket or a device", remedy="Leave it out"
                )
            source = read_stream(name, file)
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(
            f"Cannot read {name}: {reason.lower()}", remedy="Check the path and its permissions"
        ) from error
    _check_length(source)
    return source


def read_stream(name: str, stream: BinaryIO) -> Source:
    """Reads a stream, which may be without an end, as far as an image may reach.

    Args:
        name: how errors name it.
        stream: of bytes: a file, a pipe, standard input.

    Returns:
        At most one byte more than `MAX_BYTES`; whoever opens such an image is told.

    Raises:
        OSError: if it cannot be read.
    """
    return Source(name, stream.read(MAX_BYTES + 1))


def is_stray(path: Path) -> bool:
    """Whether a file that was found in a folder is there for another reason than its picture.

    It is one such as a text or a table: neither named nor beginning like a picture. What cannot be
    opened is none, so that it is reported.
    """
    if path.suffix.casefold() in _PICTURES or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return head[128:] != b"DICM" and not head.startswith((*SIGNATURES, *_BARE, b"RIFF"))


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def sniff(source: Source) -> str:
    """The format of an image, by its first bytes: JPEG, PNG, BMP, TIFF, WEBP or DICOM.

    Raises:
        ImageError: if the file is empty, too large, or of no format that is read.
    """
    _check_length(source)
    data = source.data
    if data[128:132] == b"DICM":  # the preamble before it may hold anything: PS3.10 7.1
        return "DICOM"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    for signature, name in SIGNATURES.items():
        if data.startswith(signature):
            return name
    if data.startswith(_BARE_DICOM):
        raise ImageError(
            f"{source.name} looks like DICOM without its preamble",
            expected="128 bytes and 'DICM' before the first element",
            remedy="Save it as a DICOM file again, for example with `dcmconv +F IN OUT`",
        )
    raise ImageError(
        f"{source.name} is not an image that can be read",
        expected=" or ".join(_FORMATS),
        received=f"bytes that begin with {data[:8]!r}" if data else "an empty file",
        remedy=REMEDY,
    )


@contextmanager
def decoding(source: Source, kind: str) -> Iterator[None]:
    """The one door to decoders: whatever a broken file leads them to becomes an `ImageError`.

    Args:
        source: the file.
        kind: its format.

    Raises:
        ImageError: if the block raises anything.
    """
    try:
        with undisturbed():
            yield
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise _wrong_size(source, "far more") from error
    except Exception as error:
        raise ImageError(
            f"{source.name} is a broken {kind}: {error or type(error).__name__}", remedy=REMEDY
        ) from error


def open_upright(
    source: Source, at_least: int | None = None, *, blank: bool = False
) -> Image.Image:
    """Decodes an image and turns it upright by its EXIF orientation.

    Args:
        source: the file.
        at_least: where this is given, a JPEG may be decoded at a half, a quarter or an eighth of
            its size, as long as both sides keep this many pixels (or the whole size, if less).
        blank: whether a single value everywhere will do.

    Returns:
        The decoded picture, in the mode of the file; "L" where a JPEG stores luma, and for DICOM.

    Raises:
        ImageError: if it is of no known format, broken, too small or too large, holds several
            pictures, or if it is not to be `blank` and all of its pixels have the same value.
    """
    kind = sniff(source)
    with decoding(source, kind):
        picture = _decode(source, kind, at_least)
    if not blank:
        _check_content(source, picture)
    return picture


def check_size(source: Source, width: int, height: int, bytes_a_pixel: int = 1) -> None:
    """Holds a declared size against the limits, before anything is decoded.

    Args:
        source: the file.
        width: in pixels.
        height: in pixels.
        bytes_a_pixel: that a decoder takes.

    Raises:
        ImageError: if it is outside of them.
    """
    pixels = width * height
    too_much = pixels > MAX_PIXELS or pixels * bytes_a_pixel > MAX_DECODED
    if min(width, height) < MIN_SIDE or too_much:
        raise _wrong_size(source, f"{width}x{height}")


def _check_length(source: Source) -> None:
    if len(source.data) > MAX_BYTES:
        raise ImageError(
            f"{source.name} is too large for an image",
            expected=f"at most {MAX_BYTES} bytes",
            received="more",
            remedy="Leave it out",
        )


def _decode(source: Source, kind: str, at_least: int | None) -> Image.Image:
    if kind == "DICOM":
        # Loads pydicom and its codecs, which nobody with a JPEG should wait for.
        from pneumoscope.imaging.dicom import decode_dicom

        return decode_dicom(source)
    from pneumoscope.imaging.raster import decode_raster

    return decode_raster(source, kind, at_least)


def _wrong_size(source: Source, received: str) -> ImageError:
    return ImageError(
        f"{source.name} does not have the size of a radiograph",
        expected=f"sides of {MIN_SIDE} pixels or more, at most {MAX_PIXELS} pixels, and at most "
        f"{MAX_DECODED} bytes when decoded",
        received=received,
        remedy=REMEDY,
    )


def _check_content(source: Source, image: Image.Image) -> None:
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    if all(low == high for low, high in bands):
        raise ImageError(
            f"{source.name} holds no picture",
            expected="pixels of differing brightness",
            received="a single value everywhere",
            remedy="Leave it out",
        )
