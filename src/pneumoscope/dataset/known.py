"""Reads patients off file names, by the rules in `known_datasets.toml`."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from pneumoscope.dataset.layout import split_of

# A data set that most of the images, but not all, are of does not say whom the others show.
_NEARLY_ALL = 0.95


@dataclass(frozen=True)
class Attribution:
    """Whose data it is, for bundles and model cards.

    Attributes:
        name: short.
        title: of the data set.
        attribution: who made it, and where it is published.
        licence: of the images.
        population: who is on the images; empty if that was not kept.
        youngest: age in years of the youngest patients; None if that was not kept, or if other
            images are there as well.
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
        common: whether files of other origin are often named like this.
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
    """What a file name (without folder) tells by the rule that fits it; None if none does.

    Whether that is believed depends on the other files: `recognise`.
    """
    for rule in _rules():
        if match := rule.pattern.fullmatch(file_name):
            # Case does not count: a copy under such a name is the same patient's.
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


def recognise(pictures: Sequence[Path]) -> dict[Path, Identity]:
    """Which pictures are of a known data set, and what their names tell.

    A name that is common elsewhere is believed where most pictures of its folder are named as in
    the data set, and others whose names are not common lie in the same folder or in one beside it:
    NORMAL/train is beside PNEUMONIA/train as train/NORMAL is beside train/PNEUMONIA.

    Args:
        pictures: all files of the data set that are no DICOM files.
    """
    found = {path: identity for path in pictures if (identity := identify(path.name))}
    all_in = Counter(path.parent for path in pictures)
    named_in = Counter((path.parent, each.dataset.name) for path, each in found.items())
    certain = {
        (above, each.dataset.name)
        for path, each in found.items()
        if not each.common
        for above in _above(path)
    }
    return {
        path: each
        for path, each in found.items()
        if not each.common
        or (
            2 * named_in[path.parent, each.dataset.name] > all_in[path.parent]
            and any((above, each.dataset.name) in certain for above in _above(path))
        )
    }


def _above(path: Path) -> Iterator[Path]:
    """What holds the folder of a file and those beside it."""
    folder = path.parent
    yield folder.parent
    if split := split_of(folder.name):  # within its class, as if the class were within it
        yield folder.parent.parent / split


def attribute(found: Mapping[Path, Identity], images: int) -> tuple[Attribution, ...]:
    """The data sets that were recognised, each with what it says of all `images`.

    One that did not bring nearly all of them says whom its own show, and nothing of ages.
    """
    counts = Counter(identity.dataset for identity in found.values())
    return tuple(
        dataset if count >= _NEARLY_ALL * images else _limit(dataset, f"{count:,} of {images:,}")
        for dataset, count in counts.items()
    )


def _limit(dataset: Attribution, count: str) -> Attribution:
    population = f"{dataset.population} ({count} images)" if dataset.population else ""
    return replace(dataset, population=population, youngest=None, oldest=None)


@cache
def _rules() -> tuple[_FileRule, ...]:
    text = files("pneumoscope.dataset").joinpath("known_datasets.toml").read_text("utf-8")
    names = [field.name for field in fields(Attribution)]
    return tuple(
        _FileRule(
            Attribution(**{name: known[name] for name in names if name in known}),
            # Names may hold any bytes, line breaks included, and digits of any script.
            re.compile(file["pattern"], re.IGNORECASE | re.ASCII | re.DOTALL),
            file["patient"],
            file.get("subgroup", ""),
            file.get("series", ""),
            file.get("common", False),
        )
        for known in tomllib.loads(text)["dataset"]
        for file in known["file"]
    )
