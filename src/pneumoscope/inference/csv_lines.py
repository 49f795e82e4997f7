"""Predictions as lines of CSV, the same from the command line and from the service."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from pneumoscope.files import printable
from pneumoscope.notices import Notice
from pneumoscope.types import Prediction

_FORMULA = ("=", "+", "-", "@")  # what spreadsheets compute begins so; tab and CR are escaped

_COLUMNS = (
    *("path", "label", "probability", "status"),
    *("reasons", "reason_codes", "warnings", "warning_codes"),
    *("operating_point", "prevalence", "heatmap", "error", "error_code"),
)


def csv_head() -> str:
    """Returns the line of the names of the columns."""
    return _line(_COLUMNS)


def csv_line(prediction: Prediction) -> str:
    """Returns the line of a prediction.

    Its texts are on one line each, and none is a formula to a spreadsheet: a `'` stands before it.
    """
    given = prediction.probability
    return _line(
        [
            _text(prediction.path),
            _text(prediction.label),
            "" if given is None else f"{given:.6f}",
            prediction.status,
            *_texts_and_codes(prediction.reasons),
            *_texts_and_codes(prediction.warnings),
            _text(prediction.operating_point),
            prediction.prevalence,
            _text(prediction.heatmap),
            _text(prediction.error),
            prediction.error_code,
        ]
    )


def original_text(text: str) -> str:
    """Returns a text of such a line without the `'` that stands before what were a formula."""
    return text[1:] if text.startswith(tuple(f"'{sign}" for sign in _FORMULA)) else text


def _texts_and_codes(notices: Sequence[Notice]) -> tuple[str, str]:
    """Joins texts and codes into two columns: no text has a semicolon, and no code a space."""
    return _text("; ".join(notice.text for notice in notices)), " ".join(
        notice.code for notice in notices
    )


def _text(text: str | None) -> str:
    line = printable(text or "")
    computed = line.startswith(_FORMULA) and line != "-"  # which stands for a stream
    return f"'{line}" if computed else line


def _line(values: Iterable[object]) -> str:
    stream = StringIO()
    csv.writer(stream, lineterminator="\n").writerow(values)
    return stream.getvalue()
