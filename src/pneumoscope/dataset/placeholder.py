"""Placeholders for patient identifiers, recognised by their text or by the images with them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import median

from pneumoscope.imaging.identity import PatientIdentity

_CROSSED_OUT = re.compile("xxx+")
_FIRST = re.compile(r"0*[01]", re.ASCII)
_NEAR = 10  # greatest distance to a number that shows that patients were counted
_FEW = 10  # images: fewer are too few to judge an identifier by
_CROWD = 10  # times the median number of images of the other identifiers
_LARGE = 1 / 3  # of the images of a class
_LARGE_REMOVED = 1 / 5  # of them, where the headers say that identifiers were removed
_STUDIES = 200  # more chest radiographs than a person has, intensive care included


@dataclass(frozen=True)
class Claim:
    """An image and the identifier that it carries.

    Attributes:
        key: identifier of the patient, with its issuer, or of the study.
        label: number of the class of the image.
        header: patient and study according to the header of the image.
    """

    key: Hashable
    label: int
    header: PatientIdentity


def says_nobody(identifier: str) -> bool:
    """Tells whether an identifier is empty or a placeholder, such as ANONYMOUS, N/A or XXX."""
    letters = unicodedata.normalize("NFKD", identifier.casefold())
    word = "".join(letter for letter in letters if letter.isalnum())
    return not word or word in _words() or bool(_CROSSED_OUT.fullmatch(word))


def is_filler(identifier: str, others: Collection[str]) -> bool:
    """Tells whether an identifier is 0 or 1, and no near number shows that patients were counted.

    Args:
        identifier: identifier of a patient, with its leading zeros.
        others: all identifiers of the data set.
    """
    return bool(_FIRST.fullmatch(identifier)) and not any(
        len(other) == len(identifier)
        and other.isdecimal()
        and 0 < int(other) - int(identifier) <= _NEAR
        for other in others
    )


def find_crowds(claims: Sequence[Claim]) -> frozenset[Hashable]:
    """Finds identifiers that cannot be one person's, by the images that carry them.

    An identifier is taken for such if at least ten images carry it, and these

    - show both sexes, or more than two dates of birth, or
    - are of more than 200 studies, or
    - are a third of a class, and ten times as many as half of the other identifiers have. A fifth
      of a class will do where PatientIdentityRemoved says that identifiers were taken out.
    """
    images: dict[Hashable, list[Claim]] = defaultdict(list)
    for claim in claims:
        images[claim.key].append(claim)
    sizes = {key: len(own) for key, own in images.items()}
    classes = Counter(claim.label for claim in claims)
    return frozenset(
        key
        for key, own in images.items()
        if len(own) >= _FEW
        and (_differ(own) or (_fills_a_class(own, classes) and _outnumbers(key, sizes)))
    )


def _differ(own: Sequence[Claim]) -> bool:
    headers = [claim.header for claim in own]
    return (
        {"M", "F"} <= {header.sex.upper() for header in headers}
        or len({header.birth_date for header in headers if header.birth_date}) > 2
        or len({header.study for header in headers if header.study}) > _STUDIES
    )


def _fills_a_class(own: Sequence[Claim], classes: Mapping[int, int]) -> bool:
    removed = all(claim.header.removed.upper() == "YES" for claim in own)
    least = _LARGE_REMOVED if removed else _LARGE
    counts = Counter(claim.label for claim in own)
    return any(count >= least * classes[label] for label, count in counts.items())


def _outnumbers(key: Hashable, sizes: Mapping[Hashable, int]) -> bool:
    others = [size for other, size in sizes.items() if other != key]
    return not others or sizes[key] >= _CROWD * median(others)


@cache
def _words() -> frozenset[str]:
    text = files("pneumoscope.dataset").joinpath("placeholders.txt").read_text("utf-8")
    return frozenset(
        word for line in text.splitlines() if not line.startswith("#") for word in line.split()
    )
