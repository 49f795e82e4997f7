"""Results as tables of text, the same on a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """A table of text, fit for a terminal.

    Attributes:
        title: what it shows.
        columns: the headings; the first of a model has its name on a line of its own.
        rows: as many cells each as there are columns, of one or two lines.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def markdown(grids: Sequence[Grid], basis: str) -> str:
    """Tables one below the other, as a page of Markdown.

    Args:
        grids: the tables.
        basis: what their figures rest on, in one line.
    """
    sections = (f"**{grid.title}**\n\n{_table(grid)}" for grid in grids)
    return "\n\n".join([*sections, basis + "."]) + "\n"


def _table(grid: Grid) -> str:
    rule = ("---",) * len(grid.columns)
    return "\n".join(
        "| " + " | ".join(map(_cell, row)) + " |" for row in (grid.columns, rule, *grid.rows)
    )


def _cell(text: str) -> str:
    return text.strip().replace("|", r"\|").replace("\n", "<br>")
