"""Class names: their order, the reference class, and names that may be misspelt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files

from pneumoscope.errors import DataError
from pneumoscope.notices import Notice
from pneumoscope.types import Label

_NONE = set("no non not without sin sans ohne kein keine senza sem nao bez без".split())  # noqa: SIM905
_NEGATIONS = ("non", "no", "un", "not")
# Similarity, from 0 to 1, from which one of two names is taken for a misspelling of the other.
_ALIKE = 0.85
# A third class with a smaller fraction of the images may come of a misspelt name.
_RARE = 0.05


@dataclass(frozen=True)
class Classes:
    """The classes of a data set.

    Attributes:
        names: class names; the first is the reference, all others are positive.
        told_by: how the reference was chosen, in words; empty if it is the first by the alphabet.
    """

    names: tuple[str, ...]
    told_by: str


def class_key(name: str) -> str:
    """Reduces a class name to what its spellings have in common, whatever case or Unicode form."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def name_classes(names: Sequence[str], positive: Sequence[str] = ()) -> Classes:
    """Orders the classes by their numbers: the reference first, the others by the alphabet.

    The reference is the class that is not among `positive`, if those are given; else NORMAL; else
    the only one whose name says healthy, such as SANO or Uninfected; else the first one.

    Args:
        names: class names of folders or of a manifest, in any order, repeated or not.
        positive: names of the classes that count as positive: all but one.

    Raises:
        DataError: if `positive` holds a name that is no class, or does not leave exactly one class.
    """
    published = {label.name.casefold(): label.name for label in Label}
    unique = {class_key(name): name.strip() for name in sorted(names, reverse=True)}
    shown = {
        key: published.get(key, unicodedata.normalize("NFC", unique[key])) for key in sorted(unique)
    }
    reference, told_by = _reference(shown, positive)
    ordered = sorted(shown, key=lambda key: (key != reference, key))
    return Classes(tuple(shown[key] for key in ordered), told_by)


def _reference(shown: Mapping[str, str], positive: Sequence[str]) -> tuple[str, str]:
    """Chooses the reference: its key, and how it was chosen, in words."""
    if positive:
        left = [key for key in shown if key not in set(map(class_key, positive))]
        unknown = [name for name in positive if class_key(name) not in shown]
        if unknown or len(left) != 1:
            raise DataError(
                "The positive classes do not leave one reference",
                expected=f"all but one of {', '.join(shown.values())}",
                received=", ".join(positive),
                remedy="Name each class that counts as positive",
            )
        return left[0], "as was asked for"
    normal = Label.NORMAL.name.casefold()
    healthy = [key for key in shown if _is_healthy(key, shown[key], shown)]
    if normal in shown or len(healthy) == 1:
        return (normal if normal in shown else healthy[0]), "told by its name"
    return next(iter(shown), ""), ""


def _is_healthy(key: str, name: str, keys: Mapping[str, str]) -> bool:
    words = _words(name)
    negated = bool(words) and words[0] in _NONE
    if not _healthy_words().isdisjoint(words):
        return not negated
    flat = re.sub(r"[\W_]", "", key)
    others = {re.sub(r"[\W_]", "", other) for other in keys} - {flat}
    return negated or any(flat == prefix + other for prefix in _NEGATIONS for other in others)


@cache
def _healthy_words() -> frozenset[str]:
    text = files("pneumoscope.dataset").joinpath("healthy.txt").read_text("utf-8")
    return frozenset(
        word for line in text.splitlines() if not line.startswith("#") for word in line.split()
    )


def _words(name: str) -> list[str]:
    """Splits a name into words: NoFinding, no_finding and No-Finding have the same two."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", apart)
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark)).casefold()
    return [word for word in re.split(r"[\W_]+", plain) if word]


def doubt_names(images: Mapping[str, int]) -> Iterator[Notice]:
    """Asks about classes whose names may be misspelt.

    Args:
        images: number of images of each class.
    """
    total, told = sum(images.values()), set()
    for name, count in sorted(images.items(), key=lambda item: item[1]):
        for other in images:
            if count <= images[other] and _alike(name, other) and (other, name) not in told:
                told.add((name, other))
                text = (
                    f"Class {name!r} ({count} images) is spelt nearly like {other!r} "
                    f"({images[other]}): did you mean {other!r}? Correct the name if it is misspelt"
                )
                yield Notice("class-misspelt", text, {"class": name, "like": other})
        if len(images) > 2 and count < _RARE * total and not any(name in pair for pair in told):
            text = (
                f"Class {name!r} has only {count} of {total} images: correct its name if it is "
                "misspelt, add images if it is not"
            )
            yield Notice("class-rare", text, {"class": name, "images": count, "of": total})


def _alike(name: str, other: str) -> bool:
    one, two = class_key(name), class_key(other)
    if one == two or re.sub(r"\d", "", one) == re.sub(r"\d", "", two):
        return False  # grade1 and grade2 are two
    if one.endswith(two) or two.endswith(one):
        return False  # abnormal, uninfected
    return SequenceMatcher(None, one, two).ratio() >= _ALIKE
