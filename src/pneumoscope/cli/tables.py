"""Tables for people, on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pneumoscope.files import printable

if TYPE_CHECKING:
    from rich.table import Table


def new_table(title: str, *columns: str, wrap: bool = False) -> Table:
    """An empty table in the style of all commands.

    Args:
        title: above it.
        columns: the headings.
        wrap: whether long cells are continued on the next line.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(printable(title)), title_justify="left", box=box.SIMPLE_HEAD, title_style="bold"
    )
    for column in columns:
        lines = (printable(line) for line in column.split("\n"))
        table.add_column(Text("\n".join(lines)), no_wrap=not wrap)
    return table
