"""Which part of the body and which view a header speaks of, all that it says put together."""

from __future__ import annotations

from enum import StrEnum

from pneumoscope.gate.words import meanings, meanings_of_code
from pneumoscope.imaging import Acquisition

_PARTS = ("chest", "near-chest", "elsewhere")
_VIEWS = ("lateral", "unusual", "frontal")


class Part(StrEnum):
    """What is shown; `UNSAID` if a header says nothing of it."""

    CHEST = "chest"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"
    UNSAID = "unsaid"


class View(StrEnum):
    """From where; `UNSAID` if a header says nothing of it."""

    FRONTAL = "frontal"
    LATERAL = "lateral"
    UNKNOWN = "unknown"
    UNSAID = "unsaid"


def part_shown(acquisition: Acquisition) -> tuple[Part, str]:
    """The part of the body, and the words that say so.

    `BodyPartExamined` and `AnatomicRegionSequence` count alike. Where they differ, or one names
    the chest and something else, it is not known.
    """
    said = [(acquisition.body_part, meanings(acquisition.body_part, _PARTS))]
    said += [(c.meaning or c.code, meanings_of_code(c, _PARTS)) for c in acquisition.regions]
    found = {_part(meaning) for text, meaning in said if text}
    return (
        found.pop() if len(found) == 1 else Part.UNKNOWN if found else Part.UNSAID,
        ", ".join(text for text, _ in said if text),
    )


def view_shown(acquisition: Acquisition) -> tuple[View, str]:
    """The view, and the words that say so.

    `ViewPosition` and `ViewCodeSequence` count alike. Where neither says anything, the rows of a
    lateral view run forward or back (`PatientOrientation`), and a lateral view that only a
    description names is not known.
    """
    said = [(acquisition.view, meanings(acquisition.view, _VIEWS))]
    said += [(c.meaning or c.code, meanings_of_code(c, _VIEWS)) for c in acquisition.view_codes]
    found = {_view(meaning) for text, meaning in said if text}
    quoted = ", ".join(text for text, _ in said if text)
    sideways = acquisition.rows_run.startswith(("A", "P"))
    if not found and sideways:
        return View.LATERAL, f"PatientOrientation {acquisition.rows_run}"
    if found == {View.FRONTAL} and sideways:
        return View.UNKNOWN, f"{quoted}, but PatientOrientation {acquisition.rows_run}"
    if not found and meanings(acquisition.description, _VIEWS) == {"lateral"}:
        return View.UNKNOWN, "its description speaks of a lateral or oblique one"
    return (
        found.pop() if len(found) == 1 else View.UNKNOWN if found else View.UNSAID,
        quoted,
    )


def _part(meaning: frozenset[str]) -> Part:
    if meaning in ({"chest"}, {"chest", "near-chest"}):
        return Part.CHEST
    return Part.ELSEWHERE if "elsewhere" in meaning and "chest" not in meaning else Part.UNKNOWN


def _view(meaning: frozenset[str]) -> View:
    if "unusual" in meaning:  # "left lateral decubitus" is frontal
        return View.UNKNOWN
    if "lateral" in meaning:
        return View.LATERAL
    return View.FRONTAL if "frontal" in meaning else View.UNKNOWN
