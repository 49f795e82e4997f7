"""Predictions as lines of CSV, the same from the command line and from the service."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from pneumoscope.files import printable
from pneumoscope.notices import Notice
from pneumoscope.types import Prediction

_COLUMNS = (
    *("path", "label", "probability", "status"),
    *("reasons", "reason_codes", "warnings", "warning_codes"),
    *("operating_point", "prevalence", "heatmap", "error", "error_code"),
)


def csv_head() -> str:
    """Returns the line of the names of the columns."""
    return _line(_COLUMNS)


def csv_line(prediction: Prediction) -> str:
    """Returns the line of a prediction; its texts are on one line each."""
    given = prediction.probability
    return _line(
        [
            printable(prediction.path),
            prediction.label and printable(prediction.label),
            "" if given is None else f"{given:.6f}",
            prediction.status,
            *_texts_and_codes(prediction.reasons),
            *_texts_and_codes(prediction.warnings),
            prediction.operating_point and printable(prediction.operating_point),
            prediction.prevalence,
            prediction.heatmap and printable(prediction.heatmap),
            prediction.error and printable(prediction.error),
            prediction.error_code,
        ]
    )


def _texts_and_codes(notices: Sequence[Notice]) -> tuple[str, str]:
    """Joins texts and codes into two columns: no text has a semicolon, and no code a space."""
    texts = "; ".join(printable(notice.text) for notice in notices)
    return texts, " ".join(notice.code for notice in notices)


def _line(values: Iterable[object]) -> str:
    stream = StringIO()
    csv.writer(stream, lineterminator="\n").writerow(values)
    return stream.getvalue()
