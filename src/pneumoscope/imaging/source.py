"""The bytes of one image file, read once, and the limits on its size."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from pneumoscope.errors import ImageError
from pneumoscope.names import public_name

REMEDY = "Open the file in an image viewer and export it again as PNG or JPEG, or leave it out"

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Limits:
    """Limits on the size of an image.

    Attributes:
        file_bytes: greatest size of a file, and of an inflated DICOM file, in bytes.
        pixels: greatest number of pixels; by default below that at which Pillow begins to warn.
        decoded_bytes: greatest size of a decoded picture, in bytes; by default that of the
            greatest number of pixels in 16 bits.
        side: least length of the shorter side, in pixels.
    """

    file_bytes: int = 256 * 2**20
    pixels: int = 80_000_000
    decoded_bytes: int = 160_000_000
    side: int = 32


LIMITS = Limits()
"""Limits on every image that is read."""


@dataclass(frozen=True)
class Source:
    """The bytes of one image file, read once.

    Attributes:
        name: name of the file in errors.
        data: content of the whole file.
        limits: limits on the size of the file and its picture.
        file_name: name of the file on the disk, without its folder, whatever its name in errors;
            empty if `name` tells it.
    """

    name: str
    data: bytes = field(repr=False)
    limits: Limits = field(default=LIMITS, repr=False)
    file_name: str = field(default="", repr=False)
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hex."""
        return self.once(lambda source: hashlib.sha256(source.data).hexdigest(), "sha256")

    def once(self, make: Callable[[Source], _Made], key: Hashable = None) -> _Made:
        """Returns the result of a function of the file, such as its header, computed only once.

        It is kept as long as this object, for all who ask, and never changed in place.

        Args:
            make: function that takes this file.
            key: key under which the result is kept; by default the function itself.
        """
        key = key or make
        if key not in self._made:
            self._made[key] = make(self)
        made: _Made = self._made[key]
        return made


def read_bytes(path: Path, limits: Limits = LIMITS, *, name: str | None = None) -> Source:
    """Reads a regular file whole.

    Pipes and devices, which may have no end, are not waited for: `read_stream` reads those.

    Args:
        path: path of the file.
        limits: limits on the size of an image.
        name: name of the file in errors; by default its public name.

    Raises:
        ImageError: if it is missing, no regular file, not readable or too large.
    """
    name = public_name(path) if name is None else name
    try:
        # Opened without blocking, and looked at when it is open: it cannot change in between.
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ImageError(
                    f"{name} is not a file but a pipe, a socket or a device",
                    remedy="Leave it out",
                    code="image-no-file",
                    values={"path": name},
                )
            source = replace(read_stream(name, file, limits), file_name=os.path.basename(path))
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(
            f"Cannot read {name}: {reason.lower()}",
            remedy="Check the path and its permissions",
            code=_code(error),
            values={"path": name},
        ) from error
    check_length(source)
    return source


def read_stream(name: str, stream: BinaryIO, limits: Limits = LIMITS) -> Source:
    """Reads a stream, which may be without an end, as far as an image may reach.

    Args:
        name: name of the image in errors.
        stream: stream of bytes: a file, a pipe, standard input.
        limits: limits on the size of an image.

    Returns:
        The bytes, at most one more than the limit; opening such an image raises an error.

    Raises:
        OSError: if it cannot be read.
    """
    return Source(name, stream.read(limits.file_bytes + 1), limits)


def check_length(source: Source) -> None:
    """Checks the length of a file against the limits.

    Raises:
        ImageError: if it is too large.
    """
    most = source.limits.file_bytes
    if len(source.data) > most:
        raise ImageError(
            f"{source.name} is too large for an image",
            expected=f"at most {most} bytes",
            received="more",
            remedy="Leave it out",
            code="image-too-large",
            values={"path": source.name, "limit": most},
        )


def check_size(source: Source, width: int, height: int, bytes_a_pixel: int = 1) -> None:
    """Checks a declared size against the limits, before anything is decoded.

    Args:
        source: the image file.
        width: width of the picture, in pixels.
        height: height of the picture, in pixels.
        bytes_a_pixel: size of a decoded pixel, in bytes.

    Raises:
        ImageError: if the size is outside of the limits.
    """
    limits, pixels = source.limits, width * height
    too_much = pixels > limits.pixels or pixels * bytes_a_pixel > limits.decoded_bytes
    if min(width, height) < limits.side or too_much:
        code = "image-too-large" if too_much else "image-too-small"
        raise wrong_size(source, f"{width}x{height}", code)


def wrong_size(source: Source, received: str, code: str) -> ImageError:
    """Makes the error of a picture whose size is outside of the limits."""
    limits = source.limits
    return ImageError(
        f"{source.name} does not have the size of a radiograph",
        expected=f"sides of {limits.side} pixels or more, at most {limits.pixels} pixels, and at "
        f"most {limits.decoded_bytes} bytes when decoded",
        received=received,
        remedy=REMEDY,
        code=code,
        values={"path": source.name},
    )


def _code(error: Exception) -> str:
    """Returns the code of an error of the operating system."""
    if isinstance(error, PermissionError):
        return "image-denied"
    if isinstance(error, IsADirectoryError):
        return "image-no-file"
    missing = (FileNotFoundError, NotADirectoryError, ValueError)
    return "image-missing" if isinstance(error, missing) else ImageError.code


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
