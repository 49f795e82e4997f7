"""Placeholders are told from identifiers of patients."""

from __future__ import annotations

import pytest

from pneumoscope.dataset.placeholder import Claim, find_crowds, is_filler, says_nobody
from pneumoscope.imaging.identity import PatientIdentity

WORDS = (
    "",
    "ANONYMOUS",
    "anonymous",
    "Anonymous^Patient",
    "ANON",
    " anonymized ",
    "Anonyme",
    "ANÓNIMO",
    "UNKNOWN",
    "Un-Known",
    "NONE",
    "n/a",
    "NaN",
    "De-Identified",
    "DEIDENTIFIED",
    "REMOVED",
    "***",
    "---",
    "XXXX",
    "TEST",
    "匿名",
)
PEOPLE = (
    "4711",
    "anon-1",
    "ANONYMOUS7",
    "TEST12",
    "P1",
    "X",
    "X1",
    "Nonesuch",
    "Müller",
    "王",
    "00",
    "1",
)


@pytest.mark.parametrize("word", WORDS)
def test_placeholders(word: str) -> None:
    assert says_nobody(word)


@pytest.mark.parametrize("identifier", PEOPLE)
def test_identifiers_of_patients(identifier: str) -> None:
    assert not says_nobody(identifier)


# an identifier, the others, whether it is a placeholder
FILLERS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("0", (), True),
    ("1", (), True),
    ("0000", ("A17", "4711"), True),
    ("00000001", ("20331207", "20331208"), True),
    ("1", ("2", "3"), False),
    ("0", ("1", "2"), False),
    ("0001", ("0004", "0117"), False),
    ("1", ("0004", "17"), True),
    ("2", (), False),
    ("10", (), False),
)


@pytest.mark.parametrize(("identifier", "others", "placeholder"), FILLERS)
def test_zero_and_one_as_placeholders(
    identifier: str, others: tuple[str, ...], placeholder: bool
) -> None:
    assert is_filler(identifier, {identifier, *others}) == placeholder


def claims(key: str, *counts: int, **header: str) -> list[Claim]:
    """Makes images that carry one identifier, so many of each class."""
    return [
        Claim(key, label, PatientIdentity(key, **header))
        for label, count in enumerate(counts)
        for _ in range(count)
    ]


def people(*counts: int, images: int = 1, **header: str) -> list[Claim]:
    """Makes patients with as many images each, so many of each class."""
    return [
        claim
        for label, count in enumerate(counts)
        for number in range(count)
        for claim in claims(f"{label}-{number}", *[0] * label, images, **header)
    ]


STUDIES = [Claim("it", i % 2, PatientIdentity("it", study=f"1.2.{i}")) for i in range(250)]

# what there is, whether "it" cannot be one person
CROWDS: dict[str, tuple[list[Claim], bool]] = {
    "one for all": (claims("it", 40, 40), True),
    "one for half": (claims("it", 20, 20) + people(20, 20), True),
    "one for a class": (claims("it", 40) + people(0, 40), True),
    "one for a third of a class": (claims("it", 14, 2) + people(26, 38), True),
    "a patient of intensive care": (claims("it", 3, 9) + people(30, 30), False),
    "one for a tenth": (claims("it", 4, 4) + people(36, 36), False),
    "a series of each of a few": (claims("it", 12) + people(3, 4, images=12), False),
    "too few images to tell": (claims("it", 5, 4), False),
    "several for each": (claims("it", 30, 30) + people(15, 15, images=4), True),
    "a fifth": (claims("it", 10, 10) + people(30, 30), False),
    "a fifth, identity removed": (
        claims("it", 10, 10, removed="YES") + people(30, 30, removed="YES"),
        True,
    ),
    "new identifiers for people": (people(30, 30, removed="YES"), False),
    "men and women": (
        claims("it", 6, sex="F") + claims("it", 0, 6, sex="m") + people(300, 300),
        True,
    ),
    "one woman": (claims("it", 6, 6, sex="F") + people(300, 300), False),
    "dates of birth": (
        [c for year in ("1931", "1950", "1964") for c in claims("it", 4, birth_date=year)]
        + people(300, 300),
        True,
    ),
    "a corrected date of birth": (
        [c for year in ("1931", "1932") for c in claims("it", 6, birth_date=year)]
        + people(300, 300),
        False,
    ),
    "studies beyond number": (STUDIES + people(3000, 3000), True),
}


@pytest.mark.parametrize("case", CROWDS)
def test_behaviour_of_an_identifier(case: str) -> None:
    given, crowd = CROWDS[case]
    assert find_crowds(given) == ({"it"} if crowd else set())


def test_no_images() -> None:
    assert not find_crowds([])
