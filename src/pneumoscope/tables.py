"""Tables of results, shown by terminals, files and pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pneumoscope.files import printable, write_text
from pneumoscope.markdown import in_markdown
from pneumoscope.types import Estimate


@dataclass(frozen=True)
class Table:
    """A table of text.

    A cell has one line or two, with a line break between them; text of foreign origin in it has
    been through `files.printable`. The output format escapes the rest.

    Attributes:
        title: title of the table.
        columns: headings of the columns, cells too; some may be empty.
        rows: rows of as many cells as there are columns.

    Raises:
        ValueError: on construction, if a row has more or fewer cells.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"A row of {self.title!r}: expected {len(self.columns)} cells, received {row}"
                )

    def to_csv(self) -> str:
        """Writes headings and rows for programs (RFC 4180), without the title."""
        text = io.StringIO()
        csv.writer(text).writerows((self.columns, *self.rows))
        return text.getvalue()

    def to_markdown(self) -> str:
        """Writes headings and rows between bars, without the title."""
        rule = ("---",) * len(self.columns)
        return "\n".join(
            f"| {' | '.join('<br>'.join(map(in_markdown, _lines(cell))) for cell in row)} |"
            for row in (self.columns, rule, *self.rows)
        )

    def to_latex(self) -> str:
        """Writes a float with the title as its caption, in the style of the package booktabs."""
        columns, *rows = (
            f"{' & '.join(map(_latex_cell, row))} \\\\" for row in (self.columns, *self.rows)
        )
        return "\n".join(
            [
                r"\begin{table}",
                r"\centering",
                rf"\caption{{{_in_latex(self.title)}}}",
                rf"\begin{{tabular}}{{{'l' * len(self.columns)}}}",
                r"\toprule",
                columns,
                r"\midrule",
                *rows,
                r"\bottomrule",
                r"\end{tabular}",
                r"\end{table}",
            ]
        )


DASH = "\N{EN DASH}"
"""What stands in a cell for a figure that is not known."""

_DASHES = (
    f"{DASH}: not computable. A figure needs images of its kind; its interval needs enough "
    "patients, and resamples that differ, as those of a perfect AUROC do not."
)

Part = Table | str
"""Part of a result: a table, or sentences, one a line."""


def write_tables(parts: Iterable[Part], stem: Path) -> None:
    """Writes a result as Markdown and as LaTeX, `stem.md` and `stem.tex`.

    Args:
        parts: parts of the result, from top to bottom.
        stem: path of the files without their extension; former ones are replaced.

    Raises:
        StorageError: if they cannot be written.
    """
    parts = tuple(explain_dashes(parts))
    write_text(Path(f"{stem}.md"), join_markdown(parts))
    write_text(Path(f"{stem}.tex"), join_latex(parts))


def join_markdown(parts: Iterable[Part]) -> str:
    """Joins a result into a page of Markdown, titles in bold."""
    return "\n\n".join(_markdown_blocks(parts)) + "\n"


def join_latex(parts: Iterable[Part]) -> str:
    """Joins a result into LaTeX that a document with the package booktabs can take in."""
    return "\n\n".join(["% \\usepackage{booktabs}", *_latex_blocks(parts)]) + "\n"


def format_value(value: float | None) -> str:
    """Writes a figure into a cell, with three decimals; a dash where it is not computable."""
    return DASH if value is None else f"{value:.3f}"


def format_estimate(estimate: Estimate) -> str:
    """Writes an estimate into a cell; a dash stands for what is not computable."""
    if estimate.value is None:
        return DASH
    return f"{estimate.value:.3f} ({DASH})" if estimate.low is None else str(estimate)


def explain_dashes(parts: Iterable[Part]) -> Iterator[Part]:
    """Adds a last line that says what a dash means, if a cell of the tables has one."""
    dashed = False
    for part in parts:
        yield part
        cells = chain.from_iterable(part.rows) if isinstance(part, Table) else ()
        dashed = dashed or any(cell == DASH or f"({DASH})" in cell for cell in cells)
    if dashed:
        yield _DASHES


def in_two_lines(estimate: Estimate) -> str:
    """Writes an estimate above its interval, for tables of many columns."""
    return format_estimate(estimate).replace(" (", "\n(", 1)


def _markdown_blocks(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Table):
            yield f"**{in_markdown(part.title)}**"
            yield part.to_markdown()
        else:
            yield from map(in_markdown, part.split("\n"))


def _latex_blocks(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Table):
            yield part.to_latex()
        else:
            yield from (rf"\noindent {_in_latex(line)}" for line in part.split("\n"))


def _latex_cell(cell: str) -> str:
    lines = r" \\ ".join(map(_in_latex, _lines(cell)))
    return rf"\shortstack[l]{{{lines}}}" if "\n" in cell.strip() else lines


def _lines(cell: str) -> list[str]:
    """Splits a cell into its lines, without empty ones that align it with its neighbours."""
    return cell.strip().split("\n")


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # both would be an option of the line break before them
    "*": "{*}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def _in_latex(text: str) -> str:
    """Escapes a text for LaTeX, on one line: no command, no formula, no ligature of dashes.

    The hyphen before a figure becomes a minus.
    """
    shown = re.sub(r"-(?=-)", "-{}", "".join(_LATEX.get(c, c) for c in printable(text)))
    return re.sub(r"(?<![\w}-])-(?=[\d.])", "$-$", shown)
