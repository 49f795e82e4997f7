"""Known data sets, and patients by their file names, by the rules in `known_datasets.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Attribution:
    """The origin of a known data set, for bundles and model cards.

    Attributes:
        name: short name of the data set.
        title: title of the data set.
        attribution: authors of the data set, and where it is published.
        licence: licence of the images.
        population: patients whom the images show; empty if that was not kept.
        youngest: age of the youngest patients, in years; None if that was not kept, or if other
            images are there as well.
        oldest: age of the oldest patients, in years; None if that was not kept, or if other
            images are there as well.
    """

    name: str
    title: str
    attribution: str
    licence: str
    population: str = ""
    youngest: int | None = None
    oldest: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Patient and origin of an image, by its file name.

    Attributes:
        patient: patient key, unique among all known data sets.
        subgroup: a finer kind within the class; empty if the name tells none.
        dataset: data set whose naming rule applies.
        series: name of the export batch, whose files were numbered together; empty if the name
            tells none.
        number: number of the patient in the export batch; None without one.
        common: True if files of other origin are often named like this.
    """

    patient: str
    subgroup: str
    dataset: Attribution
    series: str = ""
    number: int | None = None
    common: bool = False


@dataclass(frozen=True)
class _FileRule:
    dataset: Attribution
    pattern: re.Pattern[str]
    patient: str
    subgroup: str
    series: str
    common: bool


def identify(file_name: str) -> Identity | None:
    """Reads a file name, without its folder, by the rule that fits it; None if none does.

    Common names are believed only among others of the data set: see `dataset.recognise`.
    """
    for rule in _rules():
        if match := rule.pattern.fullmatch(file_name):
            # Case does not count: a copy whose name differs in case is the same patient's.
            upper = {name: value.upper() for name, value in match.groupdict("").items()}
            lower = {name: value.lower() for name, value in upper.items()}
            series = rule.series.format(**upper)
            return Identity(
                patient=f"{rule.dataset.name} {rule.patient.format(**upper)}",
                subgroup=rule.subgroup.format(**lower),
                dataset=rule.dataset,
                series=series,
                number=int(upper["number"]) if series else None,
                common=rule.common,
            )
    return None


@cache
def find_dataset(name: str) -> Attribution | None:
    """Finds the known data set of a name; None if there is none."""
    return next((_attribution(each) for each in _known() if each["name"] == name), None)


def views_of(dataset: str) -> frozenset[str]:
    """Returns the views of all images of a known data set, "AP" or "PA"; empty if not known."""
    known = (each for each in _known() if each["name"] == dataset)
    return frozenset(next(known, {}).get("views", ()))


@cache
def hospital_of(dataset: str) -> str:
    """Returns the hospital that a known data set shares with others; else the name as it is."""
    known = (each for each in _known() if each["name"] == dataset)
    return str(next(known, {}).get("hospital", dataset))


@cache
def _known() -> list[dict[str, Any]]:
    text = files("pneumoscope").joinpath("known_datasets.toml").read_text("utf-8")
    return list(tomllib.loads(text)["dataset"])


@cache
def _rules() -> tuple[_FileRule, ...]:
    return tuple(
        _FileRule(
            _attribution(known),
            # Names may hold any bytes, line breaks included, and digits of any script.
            re.compile(file["pattern"], re.IGNORECASE | re.ASCII | re.DOTALL),
            file["patient"],
            file.get("subgroup", ""),
            file.get("series", ""),
            file.get("common", False),
        )
        for known in _known()
        for file in known.get("file", ())
    )


def _attribution(known: dict[str, Any]) -> Attribution:
    names = [field.name for field in fields(Attribution)]
    return Attribution(**{name: known[name] for name in names if name in known})
