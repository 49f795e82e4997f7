"""Format of an image file, recognised by its first bytes, never by its name."""

from __future__ import annotations

from pathlib import Path

from pneumoscope.errors import ImageError
from pneumoscope.imaging.source import REMEDY, Source, check_length

HEAD = 132  # number of bytes by which a format is recognised
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
# First bytes of a DICOM file without its preamble: of group 0002, or of group 0008.
_BARE_DICOM = (b"\x02\0\0\0UL\4\0", b"\x02\0\1\0OB\0\0", b"\x08\0\5\0", b"\x08\0\x16\0")
# Extensions of pictures, whether their format is supported or not.
_PICTURES = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp"),
    *(".dcm", ".dicom", ".dic", ".ima", ".gif", ".heic", ".heif", ".avif", ".jp2", ".j2k"),
    *(".nii", ".nrrd", ".mha", ".pgm", ".ppm", ".tga", ".raw"),
}


def sniff(source: Source) -> str:
    """Recognises the format of an image by its first bytes: JPEG, PNG, BMP, TIFF, WEBP or DICOM.

    Raises:
        ImageError: if the file is empty, too large, or of no format that is supported.
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
    """Returns whether a file found in a folder is no picture, such as a text or a table.

    Neither its extension nor its first bytes are those of a picture. A file that cannot be opened
    counts as a picture, so that it is reported.
    """
    if path.suffix.casefold() in _PICTURES or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return head[128:] != b"DICM" and not head.startswith((*_SIGNATURES, *BARE, b"DICM", b"RIFF"))
