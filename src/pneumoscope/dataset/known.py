"""Reads patients off file names, by the rules in `known_datasets.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Attribution:
    """Whose data it is, for bundles and model cards.

    Attributes:
        name: short.
        title: of the data set.
        attribution: who made it, and where it is published.
        licence: of the images.
        population: who is on the images; empty if that was not kept.
        youngest: age in years of the youngest patients; None if that was not kept.
        oldest: likewise of the oldest.
    """

    name: str
    title: str
    attribution: str
    licence: str
    population: str = ""
    youngest: int | None = None
    oldest: int | None = None


@dataclass(frozen=True)
class Identity:
    """What a file name tells.

    Attributes:
        patient: a key that no other patient of any known data set has.
        subgroup: a finer kind within the class; empty if the name tells none.
        dataset: whose naming rule it was.
        series: files that were numbered together, as one export numbers them; empty if the name
            tells none.
        number: of the patient in the series; None without one.
    """

    patient: str
    subgroup: str
    dataset: Attribution
    series: str = ""
    number: int | None = None


@dataclass(frozen=True)
class _FileRule:
    dataset: Attribution
    pattern: re.Pattern[str]
    patient: str
    subgroup: str
    series: str


def identify(file_name: str) -> Identity | None:
    """The patient behind a file name (without folder), or None if no known rule fits it."""
    for rule in _rules():
        if match := rule.pattern.fullmatch(file_name):
            groups = match.groupdict()
            patient = f"{rule.dataset.name} {rule.patient.format(**groups)}"
            series = rule.series.format(**groups)
            number = int(groups["number"]) if series else None
            return Identity(patient, rule.subgroup.format(**groups), rule.dataset, series, number)
    return None


@cache
def _rules() -> tuple[_FileRule, ...]:
    text = files("pneumoscope.dataset").joinpath("known_datasets.toml").read_text("utf-8")
    names = [field.name for field in fields(Attribution)]
    return tuple(
        _FileRule(
            Attribution(**{name: known[name] for name in names if name in known}),
            re.compile(file["pattern"], re.IGNORECASE),
            file["patient"],
            file.get("subgroup", ""),
            file.get("series", ""),
        )
        for known in tomllib.loads(text)["dataset"]
        for file in known["file"]
    )
