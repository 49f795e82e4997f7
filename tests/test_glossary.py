"""The glossary: each term once, in order, with names that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "glossary.md").read_text("utf-8")
ENTRIES = re.findall(r"(?m)^\*\*(.+?)\*\*(?: \(`(.+?)`\))?\. (.+)$", TEXT)
SOURCE = "\n".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
TERMS = [term for term, _, _ in ENTRIES]


def test_every_paragraph_defines_a_term_under_its_letter() -> None:
    _, *sections = TEXT.split("\n## ")
    paragraphs = [part for section in sections for part in section.strip().split("\n\n")[1:]]
    assert len(paragraphs) == len(ENTRIES) > 60
    for section in sections:
        letter, *defined = section.strip().split("\n\n")
        assert all(paragraph.startswith(f"**{letter}") for paragraph in defined), letter


def test_terms_are_in_alphabetical_order() -> None:
    assert sorted(TERMS, key=str.casefold) == TERMS


def test_each_term_is_defined_once() -> None:
    names = [name.casefold() for term in TERMS for name in term.split(", ")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("term", "name", "definition"), ENTRIES, ids=TERMS)
def test_a_definition_is_short_and_its_name_is_of_the_code(
    term: str, name: str, definition: str
) -> None:
    sentences = re.split(r"(?<=[.)]) (?=[A-Z])", re.sub(r" \(\[more\]\(.*?\)\)", "", definition))
    assert len(sentences) <= 2, term
    assert re.search(rf"\b{re.escape(name)}\b", SOURCE), f"{term}: nothing is called {name}"
