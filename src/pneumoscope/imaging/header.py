"""Text of the elements of a DICOM header, whatever the type of their values."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def texts(ds: Dataset, keyword: str) -> list[str]:
    """Reads the values of an element as text, without those that are empty."""
    value = ds.get(keyword)
    several = value if hasattr(value, "append") else [value]
    found = [_text(one).strip(" \0") for one in several if one is not None]
    if not all(text.isascii() for text in found) and ds[keyword].VR == "CS":
        found = [_respell(text, ds) for text in found]
    return [text for text in found if text]


def text(ds: Dataset, keyword: str) -> str:
    """Reads the values of an element as one text, in capitals."""
    return " ".join(texts(ds, keyword)).upper()


def _text(value: object) -> str:
    """Converts a value to text; bytes, as of an element with a wrong type, as ASCII."""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _respell(text: str, ds: Dataset) -> str:
    """Decodes a code string that is not ASCII by UTF-8 or by the character set of the file.

    Code strings are ASCII by the Standard (PS3.5 6.2), and pydicom takes others for Latin-1.
    """
    own = ds.original_character_set
    for encoding in ("utf-8", *([own] if isinstance(own, str) else own)):
        with suppress(UnicodeError, LookupError):
            return text.encode("latin-1").decode(encoding)
    return text
