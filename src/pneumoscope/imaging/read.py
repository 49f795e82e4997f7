"""Image files to upright pictures. The format is told by the first bytes, never by the name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from pneumoscope.errors import ImageError

MAX_BYTES = 256 * 2**20
MAX_PIXELS = 80_000_000  # below the size at which Pillow itself begins to warn
MIN_SIDE = 32

# First bytes of each format that is read, by the name that Pillow gives the format.
SIGNATURES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}

_REMEDY = "Open the file in an image viewer and export it again as PNG or JPEG, or leave it out"


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
    """Reads a file whole, within `MAX_BYTES`.

    Raises:
        ImageError: if it is missing, not a file, not readable, empty or too large.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ImageError(
                f"{path} is too large for an image",
                expected=f"at most {MAX_BYTES} bytes",
                received=f"{size}",
                remedy="Leave it out",
            )
        return Source(str(path), path.read_bytes())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ImageError(
            f"Cannot read {path}: {reason}", remedy="Check the path and its permissions"
        ) from error


def sniff(source: Source) -> str:
    """The format of an image, by its first bytes: a name out of `SIGNATURES`.

    Raises:
        ImageError: if the file is empty or of no format that is read.
    """
    for signature, name in SIGNATURES.items():
        if source.data.startswith(signature):
            return name
    raise ImageError(
        f"{source.name} is not an image that can be read",
        expected=" or ".join(SIGNATURES.values()),
        received=f"bytes that begin with {source.data[:8]!r}" if source.data else "an empty file",
        remedy=_REMEDY,
    )


def open_upright(source: Source, at_least: int | None = None) -> Image.Image:
    """Decodes an image and turns it upright by its EXIF orientation.

    Args:
        source: the file.
        at_least: where this is given, a JPEG may be decoded at a half, a quarter or an eighth of
            its size, as long as both sides keep this many pixels (or the whole size, if less).

    Returns:
        The decoded picture, in the mode of the file; "L" where a JPEG stores luma.

    Raises:
        ImageError: if it is of no known format, broken, too small or too large, or if all of its
            pixels have the same value.
    """
    kind = sniff(source)
    try:
        with Image.open(BytesIO(source.data), formats=[kind]) as image:
            _check_size(source, *image.size)
            if at_least is not None:
                image.draft("L", (at_least, at_least))
            image.load()
            upright = ImageOps.exif_transpose(image)
    except ImageError:
        raise
    except Exception as error:  # decoders raise whatever a broken file leads them to
        raise ImageError(
            f"{source.name} is a broken {kind}: {error or type(error).__name__}", remedy=_REMEDY
        ) from error
    _check_content(source, upright)
    return upright


def _check_size(source: Source, width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE or width * height > MAX_PIXELS:
        raise ImageError(
            f"{source.name} does not have the size of a radiograph",
            expected=f"sides of {MIN_SIDE} pixels or more, and at most {MAX_PIXELS} pixels",
            received=f"{width}x{height}",
            remedy=_REMEDY,
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
