"""Tables for people, on standard output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pneumoscope.files import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pneumoscope.evaluation.grids import Grid


def new_console() -> Console:
    """What tables are printed with: neither markup nor colours in what is not ours."""
    from rich.console import Console

    class Output(Console):
        """Standard output; where it is closed, that is said as Python says it."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Output(highlight=False, markup=False)


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


def print_grids(grids: Iterable[Grid]) -> None:
    """Prints tables whole, however narrow the terminal."""
    console = new_console()
    for grid in grids:
        table = new_table(grid.title, *grid.columns)
        for row in grid.rows:
            table.add_row(*row)
        # Rather lines that the terminal breaks than figures that are cut off.
        unlimited = console.options.update(max_width=1000)
        console.width = max(console.width, console.measure(table, options=unlimited).maximum)
        console.print(table)
