"""Text out of a DICOM header, whatever it holds there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def texts(ds: Dataset, keyword: str) -> list[str]:
    """The values of an element as text, without those that are empty."""
    value = ds.get(keyword)
    several = value if hasattr(value, "append") else [value]
    found = [_text(one).strip(" \0") for one in several if one is not None]
    if not all(text.isascii() for text in found) and ds[keyword].VR == "CS":
        found = [_respell(text, ds) for text in found]
    return [text for text in found if text]


def text(ds: Dataset, keyword: str) -> str:
    """The values of an element as one text, in capitals."""
    return " ".join(texts(ds, keyword)).upper()


def _text(value: object) -> str:
    """Of an element that is wrongly said to hold bytes, what these spell."""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _respell(text: str, ds: Dataset) -> str:
    """A code string is ASCII (PS3.5 6.2), but many are written in UTF-8 or the file's own set.

    pydicom takes such for Latin-1.
    """
    own = ds.original_character_set
    for encoding in ("utf-8", *([own] if isinstance(own, str) else own)):
        with suppress(UnicodeError, LookupError):
            return text.encode("latin-1").decode(encoding)
    return text
