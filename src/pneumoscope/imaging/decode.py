"""Decoding of image files to upright pictures."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from pneumoscope.errors import ImageError
from pneumoscope.imaging.codestream import read_declared
from pneumoscope.imaging.formats import sniff
from pneumoscope.imaging.quiet import undisturbed
from pneumoscope.imaging.source import REMEDY, Source, wrong_size
from pneumoscope.imaging.window import Window


@contextmanager
def decoding(source: Source, kind: str) -> Iterator[None]:
    """Turns whatever a decoder raises on a broken file into an `ImageError`.

    Args:
        source: the image file.
        kind: format of the file, as `sniff` names it.

    Raises:
        ImageError: if the block raises anything.
    """
    try:
        with undisturbed():
            yield
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise wrong_size(source, "far more", "image-too-large") from error
    except UnidentifiedImageError as error:  # its text holds only an address in memory
        raise ImageError(
            f"{source.name} is a broken {kind}: its header cannot be read",
            remedy=REMEDY,
            code="image-broken",
            values={"path": source.name, "format": kind},
        ) from error
    except Exception as error:
        raise ImageError(
            f"{source.name} is a broken {kind}: {error or type(error).__name__}",
            remedy=REMEDY,
            code="image-broken",
            values={"path": source.name, "format": kind},
        ) from error


def open_upright(
    source: Source, at_least: int | None = None, *, blank: bool = False
) -> Image.Image:
    """Decodes an image and turns it upright by its EXIF orientation.

    Args:
        source: the image file.
        at_least: number of pixels that both sides must keep (or their full size, if less) where a
            JPEG is decoded at a half, a quarter or an eighth of its size; None for the full size.
        blank: True to accept a picture whose pixels all have the same value.

    Returns:
        The decoded picture, in the mode of the file; "L" where a JPEG stores luma, and for DICOM.

    Raises:
        ImageError: if it is of no known format, broken, too small or too large, holds several
            pictures, or if it is not to be `blank` and all of its pixels have the same value.
    """
    kind = sniff(source)
    with decoding(source, kind):
        scale = _scale(source, at_least) if kind == "JPEG" else None
        picture = source.once(lambda _: _decode(source, kind, at_least), key=("picture", scale))
    if not blank:
        _check_content(source, picture)
    return picture


def open_deep(source: Source) -> tuple[Image.Image, Window]:
    """Decodes an image as `open_upright`, at its full size and depth.

    Args:
        source: the image file.

    Returns:
        The decoded picture, in the mode of the file, "I;16" for grey DICOM; and the window that it
        is meant to be shown through.

    Raises:
        ImageError: as `open_upright`.
    """
    kind = sniff(source)
    if kind != "DICOM":
        return open_upright(source), Window()
    from pneumoscope.imaging.dicom import decode_deep

    with decoding(source, kind):
        return decode_deep(source)


def _decode(source: Source, kind: str, at_least: int | None) -> Image.Image:
    # Each loads its codecs, which nobody with a file of another kind should wait for.
    if kind == "DICOM":
        from pneumoscope.imaging.dicom import decode_dicom

        return decode_dicom(source)
    from pneumoscope.imaging.raster import decode_raster

    return decode_raster(source, kind, at_least)


def _scale(source: Source, at_least: int | None) -> Hashable:
    """Returns a key for the scale at which a JPEG is decoded: what Pillow divides its sides by."""
    declared = read_declared(source.data)
    if at_least is None or declared is None:
        return ("at least", at_least)
    most = max(1, min(declared.width, declared.height) // at_least)
    return max(divisor for divisor in (1, 2, 4, 8) if divisor <= most)


def _check_content(source: Source, image: Image.Image) -> None:
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    if all(low == high for low, high in bands):
        raise ImageError(
            f"{source.name} holds no picture",
            expected="pixels of differing brightness",
            received="a single value everywhere",
            remedy="Leave it out",
            code="image-blank",
            values={"path": source.name},
        )
