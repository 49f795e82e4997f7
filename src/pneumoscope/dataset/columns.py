"""The columns of a manifest whose values make subgroups: neither identifiers nor free text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import pairwise

from pneumoscope.imaging.age import years
from pneumoscope.notices import Notice, Value

MAX_VALUES = 20
"""Greatest number of different values of a column whose values are taken for subgroups."""

# Letters alone; of a column named otherwise, the last word tells.
_IDENTIFYING = {
    *("name", "patientname", "patientsname", "birthname", "patientid", "mrn", "accession"),
    *("accessionnumber", "birthdate", "dateofbirth", "dob", "patientbirthdate", "address"),
    *("id", "uid", "studyuid", "seriesuid", "studyinstanceuid", "seriesinstanceuid"),
    *("sopinstanceuid", "imageid", "studyid", "filename", "file", "phone", "email"),
}
_LAST_WORDS = {"id", "uid", "mrn", "dob", "accession"}
_AGES = {"age", "patientage", "ageyears", "ageinyears", "patientageyears"}
_AGE_BOUNDS = (0, 2, 6, 18, 40, 65)  # years


def choose_columns(
    names: Iterable[str], values: Mapping[str, set[str]]
) -> tuple[list[str], list[Notice]]:
    """Chooses the columns whose values make subgroups.

    Args:
        names: names of the columns, in lower case.
        values: different values of each column, without empty ones.

    Returns:
        The chosen names, and notices of those that are left out.
    """
    chosen, notices = [], []
    for name in names:
        different = len(values[name])
        if _identifies(name):
            why = "it identifies patients or files"
        elif different > MAX_VALUES and not holds_ages(name, values[name]):
            why = f"its {different} different values are more than {MAX_VALUES}, too many"
        else:
            chosen.append(name)
            continue
        facts: dict[str, Value] = {"column": name, "different": different, "limit": MAX_VALUES}
        notices.append(Notice("column-left-out", f"Column {name} makes no subgroups: {why}", facts))
    return chosen, notices


def holds_ages(name: str, values: Iterable[str]) -> bool:
    """Tells whether a column holds ages that can all be read, such as 61 or "026W"."""
    return _letters(name) in _AGES and all(years(value) is not None for value in values)


def age_group(age: str) -> str:
    """Names the group of an age that can be read: "40 to 64", in whole years, or "65 and older"."""
    found = years(age)
    assert found is not None
    number = bisect_right(_AGE_BOUNDS, found) - 1
    groups = [f"{low} to {high - 1}" for low, high in pairwise(_AGE_BOUNDS)]
    return [*groups, f"{_AGE_BOUNDS[-1]} and older"][number]


def _identifies(name: str) -> bool:
    words = re.findall(r"[^\W_]+", name)
    return _letters(name) in _IDENTIFYING or not _LAST_WORDS.isdisjoint(words[-1:])


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name)
