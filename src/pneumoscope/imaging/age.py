"""Age of a patient, from the age or the dates of birth and study in a DICOM header (PS3.5)."""

from __future__ import annotations

import re
from datetime import date

_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}  # 6.2, AS
_AGE = re.compile(r"(\d{1,4}(?:\.\d+)?)\s*(?:([DWMY])[A-Z]*\.?)?")
_DATE = re.compile(r"(\d{4})[.\-/]?(\d\d)[.\-/]?(\d\d)")  # 6.2, DA, and as ACR-NEMA wrote it
_OLDEST = 120


def years(age: str) -> float | None:
    """Reads an age such as "061Y", "026W", "61" or "61 years", in years.

    A number alone, which much software writes, counts years. None if it cannot be read, or is
    above 120 years.
    """
    match = _AGE.fullmatch(age.strip().upper())
    if match is None:
        return None
    found = float(match[1]) * _YEARS[match[2] or "Y"]
    return found if found <= _OLDEST else None


def years_between(birth: str, then: str) -> float | None:
    """Counts the years between dates; None if one cannot be read, below 0 or above 120 years."""
    born, seen = parse_date(birth), parse_date(then)
    if born is None or seen is None or seen < born:
        return None
    whole = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
    # Since the last birthday; born on 29 February, it counts from 28.
    day = min(born.day, 28) if born.month == 2 else born.day
    last = date(born.year + whole, born.month, day)
    found = whole + min((seen - last).days, 365) / 366
    return found if found <= _OLDEST else None


def parse_date(text: str) -> date | None:
    """Parses a date such as "20190131" or "2019.01.31"; None if it cannot be read."""
    match = _DATE.fullmatch(text.strip())
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None
