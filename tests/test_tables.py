"""Tables in Markdown, LaTeX and CSV: the same cells, escaped for each."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.tables import Table, format_value, join_latex, join_markdown, write_tables

TABLE = Table("Of 100 %", ("", "images\n(patients)"), (("a_b", "5 (3)"), ("c|<d>", "-\nnone")))

# text, as LaTeX
ESCAPED = (
    ("plain words, 95 (3 to 4)", "plain words, 95 (3 to 4)"),
    ("a_b & 5 % of #1 $", r"a\_b \& 5 \% of \#1 \$"),
    ("{x}", r"\{x\}"),
    (r"C:\x", r"C:\textbackslash{}x"),
    ("~ ^ `", r"\textasciitilde{} \textasciicircum{} \textasciigrave{}"),
    ("p < 0.001 > |", r"p \textless{} 0.001 \textgreater{} \textbar{}"),
    ("[1] *", "{[}1] {*}"),
    ("-0.012 (-0.030 to 0.004)", "$-$0.012 ($-$0.030 to 0.004)"),
    ("run-2, --seed, zoom-in, -", "run-2, -{}-seed, zoom-in, -"),
    ("a\x1b[31m", r"a\textbackslash{}x1b{[}31m"),
)


def test_markdown() -> None:
    assert join_markdown([TABLE, "Measured on *x*.\nTwice."]) == (
        "**Of 100 %**\n\n"
        "|  | images<br>(patients) |\n"
        "| --- | --- |\n"
        "| a_b | 5 (3) |\n"
        "| c\\|&lt;d> | -<br>none |\n\n"
        "Measured on \\*x\\*.\n\nTwice.\n"
    )


def test_latex() -> None:
    assert join_latex([TABLE, "Measured on 5 %."]) == (
        "% \\usepackage{booktabs}\n\n"
        "\\begin{table}\n\\centering\n\\caption{Of 100 \\%}\n\\begin{tabular}{ll}\n\\toprule\n"
        " & \\shortstack[l]{images \\\\ (patients)} \\\\\n"
        "\\midrule\n"
        "a\\_b & 5 (3) \\\\\n"
        "c\\textbar{}\\textless{}d\\textgreater{} & \\shortstack[l]{- \\\\ none} \\\\\n"
        "\\bottomrule\n\\end{tabular}\n\\end{table}\n\n"
        "\\noindent Measured on 5 \\%.\n"
    )


@pytest.mark.parametrize(("text", "expected"), ESCAPED)
def test_latex_shows_a_text_as_it_is(text: str, expected: str) -> None:
    assert join_latex([text]).splitlines()[-1] == rf"\noindent {expected}"


@given(st.text())
def test_no_text_is_a_command_of_latex(text: str) -> None:
    shown = Table(text, ("a",), ()).to_latex().splitlines()[2]
    rest = re.sub(r"\\text[a-z]+\{\}|\\[&%$#_{}]|\{[\[*]\}|-\{\}|\$-\$", "", shown)
    assert not re.search(r"[\\&%$#_{}~^`<>|\n]", rest.removeprefix(r"\caption{")[:-1])


def test_csv_is_for_programs() -> None:
    rows = list(csv.reader(io.StringIO(TABLE.to_csv(), newline="")))
    assert rows == [list(TABLE.columns), *map(list, TABLE.rows)]


def test_files(tmp_path: Path) -> None:
    write_tables(iter([TABLE]), tmp_path / "run.1")
    assert (tmp_path / "run.1.md").read_text() == join_markdown([TABLE])
    assert (tmp_path / "run.1.tex").read_text() == join_latex([TABLE])


def test_a_row_has_as_many_cells_as_there_are_columns() -> None:
    with pytest.raises(ValueError, match="expected 2 cells"):
        Table("a", ("b", "c"), (("d",),))


@pytest.mark.parametrize(
    ("value", "cell"), [(None, "\N{EN DASH}"), (0.5, "0.500"), (-0.0004, "-0.000")]
)
def test_figures_have_three_decimals(value: float | None, cell: str) -> None:
    assert format_value(value) == cell
