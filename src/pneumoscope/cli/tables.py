"""The tables of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pneumoscope.files import printable

if TYPE_CHECKING:
    from rich.table import Table


def table(title: str, *columns: str) -> Table:
    """An empty table whose cells are never wrapped; the title may be of foreign origin."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    empty = Table(
        title=Text(printable(title)), title_justify="left", box=box.SIMPLE_HEAD, title_style="bold"
    )
    for column in columns:
        empty.add_column(column, no_wrap=True)
    return empty
