"""Tables for people, on standard output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pneumoscope.files import printable

WIDTH = 80  # characters, also on a wide terminal: long lines are hard to read

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from pneumoscope.tables import Part, Table


def print_tables(parts: Iterable[Part], *, wrap: bool = False) -> None:
    """Prints tables, and sentences as wide as the terminal, in their order, and explains dashes.

    Args:
        parts: the tables and sentences.
        wrap: as in `print_table`.
    """
    from pneumoscope.tables import explain_dashes

    parts = list(explain_dashes(parts))
    for number, part in enumerate(parts, start=1):
        if isinstance(part, str):
            # a table ends with an empty line of its own
            _new_console().print(part, end="\n" if number == len(parts) else "\n\n")
        else:
            print_table(part, wrap=wrap)


def print_result(brief: Iterable[Part], whole: Iterable[Part], *, full: bool) -> None:
    """Prints a result in brief, within 80 characters, or all of it, its tables unbroken.

    Args:
        brief: the most important of its parts.
        whole: all of its parts.
        full: True to print all of it.
    """
    print_tables(whole if full else brief, wrap=not full)


def print_table(table: Table, *, wrap: bool = False) -> None:
    """Prints one table.

    Args:
        table: the table to print.
        wrap: True to continue long cells on the next line, within the terminal and 80 characters;
            otherwise they stay whole however narrow the terminal is, which then breaks the lines.
    """
    from rich import box
    from rich import table as rich

    console = _new_console()
    drawn = rich.Table(box=box.SIMPLE_HEAD)
    for column in table.columns:
        drawn.add_column(_text(column), no_wrap=not wrap)
    for row in table.rows:
        drawn.add_row(*map(_text, row))
    if wrap:
        console.width = min(console.width, WIDTH)
    else:
        unlimited = console.options.update(max_width=1000)
        console.width = max(console.width, console.measure(drawn, options=unlimited).maximum)
    console.print(_text(table.title), style="bold")  # may be wider than the table
    console.print(drawn)


def _new_console() -> Console:
    """Makes a console for standard output, without markup: most of what is printed is not ours."""
    from rich.console import Console

    class Output(Console):
        """Standard output that raises BrokenPipeError where it is closed."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Output(highlight=False, markup=False, emoji=False)


def _text(cell: str) -> Text:
    from rich.text import Text

    return Text("\n".join(map(printable, cell.split("\n"))))
