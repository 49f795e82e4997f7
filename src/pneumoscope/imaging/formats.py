"""The format of an image file, told by its first bytes, never by its name."""

from __future__ import annotations

from pathlib import Path

from pneumoscope.errors import ImageError
from pneumoscope.imaging.source import REMEDY, Source, check_length

HEAD = 132  # bytes that tell the format
BARE = (b"\x02\0", b"\x08\0")  # group 0002 or 0008: may be DICOM without its preamble

# First bytes of each format that is read. Pillow knows all but DICOM by the same names.
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
_FORMATS = (*dict.fromkeys(_SIGNATURES.values()), "WEBP", "DICOM")
# How a DICOM file begins that came without its preamble: with group 0002, or with group 0008.
_BARE_DICOM = (b"\x02\0\0\0UL\4\0", b"\x02\0\1\0OB\0\0", b"\x08\0\5\0", b"\x08\0\x16\0")
# Extensions that promise a picture, whether it is of a format that is read or not.
_PICTURES = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp"),
    *(".dcm", ".dicom", ".dic", ".ima", ".gif", ".heic", ".heif", ".avif", ".jp2", ".j2k"),
    *(".nii", ".nrrd", ".mha", ".pgm", ".ppm", ".tga", ".raw"),
}


def sniff(source: Source) -> str:
    """The format of an image, by its first bytes: JPEG, PNG, BMP, TIFF, WEBP or DICOM.

    Raises:
        ImageError: if the file is empty, too large, or of no format that is read.
    """
    check_length(source)
    data = source.data
    if data[128:132] == b"DICM":  # the preamble before it may hold anything: PS3.10 7.1
        return "DICOM"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    for signature, name in _SIGNATURES.items():
        if data.startswith(signature):
            return name
    if data.startswith(_BARE_DICOM):
        raise ImageError(
            f"{source.name} looks like DICOM without its preamble",
            expected="128 bytes and 'DICM' before the first element",
            remedy="Save it as a DICOM file again, for example with `dcmconv +F IN OUT`",
            code="image-unknown-format",
            values={"path": source.name},
        )
    raise ImageError(
        f"{source.name} is not an image that can be read",
        expected=" or ".join(_FORMATS),
        received=f"bytes that begin with {data[:8]!r}" if data else "an empty file",
        remedy=REMEDY,
        code="image-unknown-format" if data else "image-empty",
        values={"path": source.name},
    )


def is_stray(path: Path) -> bool:
    """Whether a file that was found in a folder is there for another reason than its picture.

    It is one such as a text or a table: neither named nor beginning like a picture. What cannot be
    opened is none, so that it is reported.
    """
    if path.suffix.casefold() in _PICTURES or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return head[128:] != b"DICM" and not head.startswith((*_SIGNATURES, *BARE, b"DICM", b"RIFF"))
