"""Text out of a DICOM header, whatever it holds there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def texts(ds: Dataset, keyword: str) -> list[str]:
    """The values of an element as text, without those that are empty."""
    value = ds.get(keyword)
    several = value if hasattr(value, "append") else [value]
    found = (_text(one).strip(" \0") for one in several if one is not None)
    return [text for text in found if text]


def text(ds: Dataset, keyword: str) -> str:
    """The values of an element as one text, in capitals."""
    return " ".join(texts(ds, keyword)).upper()


def _text(value: object) -> str:
    """Of an element that is wrongly said to hold bytes, what these spell."""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
