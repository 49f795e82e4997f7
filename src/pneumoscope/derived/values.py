"""Values of header elements, put right by their type. Clauses are those of DICOM PS3.5."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from pneumoscope.imaging.age import parse_date, years

_CODE_STRING = re.compile(r"[A-Z0-9 _]{1,16}")
_AGE = re.compile(r"\d{3}[DWMY]")
_TIME = re.compile(r"([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(\.\d{1,6})?\d*)?)?")
_DATE_TIME = re.compile(r"\d{4}(\d\d){0,5}(\.\d{1,6})?([+-]\d{4})?")
_GREATEST = 2**31 - 1
_DECIMAL = 16  # characters


def _age(text: str) -> str:
    """Writes an age in whole years, from two years of age down in months, then in days."""
    if _AGE.fullmatch(text.upper()):
        return text.upper()
    age = years(text)
    if age is None:
        return ""
    if age >= 2:
        return f"{int(age):03d}Y"
    return f"{int(age * 12):03d}M" if age >= 0.25 else f"{round(age * 365.25):03d}D"


def _code_string(text: str) -> str:
    return text.upper() if _CODE_STRING.fullmatch(text.upper()) else ""


def _date(text: str) -> str:
    # A time of day may follow.
    found = parse_date(text) or parse_date(text[:8]) or parse_date(text[:10])
    return f"{found:%Y%m%d}" if found else ""


def _time(text: str) -> str:
    found = _TIME.fullmatch(text)
    return "".join(part or "" for part in found.groups()) if found else ""


def _date_time(text: str) -> str:
    return text if _DATE_TIME.fullmatch(text) else ""


def _integer(text: str) -> str:
    number = _number(text)
    return "" if number is None or abs(number) > _GREATEST else f"{int(number)}"


def _decimal(text: str) -> str:
    number = _number(text)
    if number is None:
        return ""
    return text if len(text) <= _DECIMAL else f"{number:.9g}"


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _line(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def _lines(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() or letter in "\r\n\t\f")


def one_line(text: str) -> str:
    """Makes one value of type LO of any text (6.2): printable, of at most 64 characters."""
    return _line(text.replace("\\", "/"))[: LONGEST["LO"]]


def _identifier(text: str) -> str:
    return text


TIDY: Mapping[str, Callable[[str], str]] = {
    "AE": _line,
    "AS": _age,
    "CS": _code_string,
    "DA": _date,
    "DS": _decimal,
    "DT": _date_time,
    "IS": _integer,
    "LO": _line,
    "LT": _lines,
    "PN": _line,
    "SH": _line,
    "ST": _lines,
    "TM": _time,
    "UC": _line,
    "UI": _identifier,
    "UR": _line,
    "UT": _lines,
}
"""By value representation (6.2), what makes a valid value of a text; empty where nothing can."""

LONGEST: Mapping[str, int] = {"AE": 16, "LO": 64, "LT": 10240, "SH": 16, "ST": 1024}
"""Greatest number of characters of a value (6.2)."""
