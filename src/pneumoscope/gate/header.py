"""Body part and view that a DICOM header states, from all of its attributes on them.

The meanings of words and codes are in the tables of `words.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from pneumoscope.imaging import Acquisition, Coded

_WORDS = Path(__file__).with_name("words.toml")
_NOT_DECOMPOSED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "\u0131": "i"})
_PARTS = ("chest", "near-chest", "elsewhere")
_PROJECTIONS = ("ap", "pa")
_FRONTAL = {"frontal", *_PROJECTIONS}
_VIEWS = ("lateral", "unusual", "frontal", *_PROJECTIONS)


class Part(StrEnum):
    """Body part that an image shows; `UNSAID` if the header says nothing of it."""

    CHEST = "chest"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"
    UNSAID = "unsaid"


class View(StrEnum):
    """View of an image; `UNSAID` if the header says nothing of it."""

    FRONTAL = "frontal"
    LATERAL = "lateral"
    UNKNOWN = "unknown"
    UNSAID = "unsaid"


def part_shown(acquisition: Acquisition) -> tuple[Part, str]:
    """Determines the body part, and returns it with the words of the header that say so.

    `BodyPartExamined` and `AnatomicRegionSequence` count alike. The part is unknown where they
    differ, or where one names the chest and something else.
    """
    said = [(acquisition.body_part, _meanings(acquisition.body_part, _PARTS))]
    said += [(c.meaning or c.code, _meanings_of_code(c, _PARTS)) for c in acquisition.regions]
    found = {_part(meaning) for text, meaning in said if text}
    return (
        found.pop() if len(found) == 1 else Part.UNKNOWN if found else Part.UNSAID,
        ", ".join(text for text, _ in said if text),
    )


def view_shown(acquisition: Acquisition) -> tuple[View, str]:
    """Determines the view, and returns it with the words of the header that say so.

    `ViewPosition` and `ViewCodeSequence` count alike. Where both are empty, rows that run forward
    or back (`PatientOrientation`) mean a lateral view, and a lateral view that only a description
    names counts as unknown.
    """
    said = _views_said(acquisition)
    found = {_view(meaning) for text, meaning in said if text}
    quoted = ", ".join(text for text, _ in said if text)
    sideways = acquisition.rows_run.startswith(("A", "P"))
    if not found and sideways:
        return View.LATERAL, f"PatientOrientation {acquisition.rows_run}"
    if found == {View.FRONTAL} and sideways:
        return View.UNKNOWN, f"{quoted}, but PatientOrientation {acquisition.rows_run}"
    if not found and _meanings(acquisition.description, _VIEWS) == {"lateral"}:
        return View.UNKNOWN, "its description speaks of a lateral or oblique one"
    return (
        found.pop() if len(found) == 1 else View.UNKNOWN if found else View.UNSAID,
        quoted,
    )


def projection_shown(acquisition: Acquisition) -> str:
    """Determines whether a frontal view is AP or PA; empty if the header does not say clearly."""
    if view_shown(acquisition)[0] is not View.FRONTAL:
        return ""
    found = {name for _, meaning in _views_said(acquisition) for name in meaning}
    named = found.intersection(_PROJECTIONS)
    return named.pop().upper() if len(named) == 1 else ""


def _views_said(acquisition: Acquisition) -> list[tuple[str, frozenset[str]]]:
    said = [(acquisition.view, _meanings(acquisition.view, _VIEWS))]
    said += [(c.meaning or c.code, _meanings_of_code(c, _VIEWS)) for c in acquisition.view_codes]
    return said


def _part(meaning: frozenset[str]) -> Part:
    if meaning in ({"chest"}, {"chest", "near-chest"}):
        return Part.CHEST
    return Part.ELSEWHERE if "elsewhere" in meaning and "chest" not in meaning else Part.UNKNOWN


def _view(meaning: frozenset[str]) -> View:
    if "unusual" in meaning:  # "left lateral decubitus" is frontal
        return View.UNKNOWN
    if "lateral" in meaning:
        return View.LATERAL
    return View.FRONTAL if meaning & _FRONTAL else View.UNKNOWN


def _fold(text: str) -> str:
    """Removes accents, case and punctuation from words; letters with dots become one word.

    So "P.A." is "pa", and "TÓRAX_PA" is "torax pa".
    """
    text = re.sub(r"(?<=\b\w)[.](?=\w\b)|(?<=\b\w)[-/](?=\w\b)", "", text)
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_NOT_DECOMPOSED))
    letters = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    return " ".join(re.findall(r"[^\W_]+", letters))


def _meanings(text: str, among: Iterable[str]) -> frozenset[str]:
    """Finds the tables, among these, that hold a word of a text."""
    if not text:  # as of every picture without a header
        return frozenset()
    folded = _fold(text)
    words = _split(folded)
    return frozenset(
        name
        for name in among
        if words & _tables()[name].words or any(part in folded for part in _tables()[name].parts)
    )


def _meanings_of_code(code: Coded, among: Iterable[str]) -> frozenset[str]:
    """Finds the tables, among these, that hold a code, or else a word of its meaning."""
    among = tuple(among)
    known = frozenset(name for name in among if code.code in _tables()[name].codes)
    return known or _meanings(code.meaning, among)


def _split(folded: str) -> set[str]:
    """Splits a text into words, and adds each without digits on either side: CHEST1V, 2VIEWS."""
    words = folded.split()
    return {*words, *(part for word in words for part in re.findall(r"[^\W\d_]+", word))}


@dataclass(frozen=True)
class _Table:
    words: frozenset[str]
    parts: tuple[str, ...]
    codes: frozenset[str]


@cache
def _tables() -> Mapping[str, _Table]:
    content = tomllib.loads(_WORDS.read_text("utf-8"))
    return {
        name: _Table(
            frozenset(_fold(word) for word in table["words"]),
            tuple(_fold(part) for part in table["parts"]),
            frozenset(table["codes"]),
        )
        for name, table in content.items()
    }
