"""What the words and codes of a header mean, by the tables of `words.toml`."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pneumoscope.imaging import Coded

_PATH = Path(__file__).with_name("words.toml")
_NOT_DECOMPOSED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "\u0131": "i"})


@dataclass(frozen=True)
class _Table:
    words: frozenset[str]
    parts: tuple[str, ...]
    codes: frozenset[str]


def fold(text: str) -> str:
    """Words without accents, case and punctuation, one space apart; letters with dots are one word.

    So "P.A." is "pa", and "TÓRAX_PA" is "torax pa".
    """
    text = re.sub(r"(?<=\b\w)[.](?=\w\b)|(?<=\b\w)[-/](?=\w\b)", "", text)
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_NOT_DECOMPOSED))
    letters = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    return " ".join(re.findall(r"[^\W_]+", letters))


def meanings(text: str, among: Iterable[str]) -> frozenset[str]:
    """Which of these tables know a word of a text."""
    folded = fold(text)
    words = _split(folded)
    return frozenset(
        name
        for name in among
        if words & _tables()[name].words or any(part in folded for part in _tables()[name].parts)
    )


def meanings_of_code(code: Coded, among: Iterable[str]) -> frozenset[str]:
    """Which of these tables know a code, or else a word of what it is said to mean."""
    among = tuple(among)
    known = frozenset(name for name in among if code.code in _tables()[name].codes)
    return known or meanings(code.meaning, among)


def _split(folded: str) -> set[str]:
    """The words, and each without digits on either side: CHEST1V, 2VIEWS."""
    words = folded.split()
    return {*words, *(part for word in words for part in re.findall(r"[^\W\d_]+", word))}


@cache
def _tables() -> Mapping[str, _Table]:
    content = tomllib.loads(_PATH.read_text("utf-8"))
    return {
        name: _Table(
            frozenset(fold(word) for word in table["words"]),
            tuple(fold(part) for part in table["parts"]),
            frozenset(table["codes"]),
        )
        for name, table in content.items()
    }
