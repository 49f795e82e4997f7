"""Printing, progress bars and error messages of all commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pneumoscope.cli.remaining import RemainingTime
from pneumoscope.files import printable
from pneumoscope.notices import Notice
from pneumoscope.types import RESEARCH_NOTICE

if TYPE_CHECKING:
    from rich.progress import Progress


def say(text: str) -> None:
    """Prints a line for people, on standard error."""
    print(printable(text), file=sys.stderr, flush=True)


def fail(text: str) -> None:
    """Prints an error as one line, on standard error."""
    say("Error: " + " ".join(text.split()))


def say_left_out(notices: Iterable[Notice], unreadable: Iterable[Notice], seen: int) -> None:
    """Prints the notices about a data set, and what was not measured, on standard error."""
    for notice in notices:
        say(notice.text)
    for reason in unreadable:
        say(f"Left out: {reason.text}")
    if seen:
        say(f"Left out: {seen} images of patients that a training has used")


def say_notice() -> None:
    """Prints that this is a research tool, on standard error."""
    say(RESEARCH_NOTICE)


def leave(unreadable: int) -> None:
    """Ends a command that has read images: prints the notice, and sets the exit code.

    Args:
        unreadable: number of files that could not be read.

    Raises:
        typer.Exit: with 1, if there were such files.
    """
    say_notice()
    if unreadable:
        raise typer.Exit(1)


def leave_training(run: Path, *, interrupted: bool, unreadable: bool) -> None:
    """Ends a command that has trained: says how to go on, and sets the exit code.

    Args:
        run: the run folder.
        interrupted: whether Ctrl-C ended the training.
        unreadable: whether files could not be read.

    Raises:
        typer.Exit: with 130 if it was interrupted, else with 1 if files could not be read.
    """
    if interrupted:
        say(f"Interrupted. To go on: pneumoscope train --resume {run}")
        raise typer.Exit(130)
    if unreadable:
        raise typer.Exit(1)


def choose_model(given: str | None) -> Path:
    """Finds the model that was given, or else the default model, whose name it prints."""
    from pneumoscope.shipped import find

    root = find(given)
    if given is None:
        say(f"Model: {root.name}, which ships with Pneumoscope")
    return root


def split_model(arguments: list[str], hint: str, needed: str) -> tuple[str | None, list[str]]:
    """Splits the arguments into the model, if the first is one, and the data.

    Args:
        arguments: arguments as given.
        hint: name of the data in the help.
        needed: description of the data that a command needs.
    """
    from pneumoscope.shipped import is_model, names

    if "" in arguments:
        raise typer.BadParameter("an argument is empty", param_hint=hint)
    # Where no model ships, the first of several arguments can only be meant as one.
    if arguments and (is_model(arguments[0]) or (len(arguments) > 1 and not names())):
        model, *data = arguments
    else:
        model, data = None, arguments
    if not data:
        raise typer.BadParameter(f"give {needed}", param_hint=hint)
    return model, data


def name_results(models: Iterable[Path], data: Path) -> str:
    """Makes the default name of results: the names of the models and of the data."""
    folders = [root.parent if root.name == "bundle" else root for root in models]
    names = [folder.resolve().name for folder in folders]
    return "-".join([*names, data.resolve().stem])[:100]


def print_json(content: Any) -> None:
    """Prints a result as JSON, on standard output."""
    print(json.dumps(content, indent=2))


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Shows progress bars with rate and time left, if standard error is a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        """Images (or another unit) per second, once the rate is known."""

        def render(self, task: Task) -> Text:
            rate = task.finished_speed or task.speed
            unit = task.fields.get("unit", "images")
            return Text("" if rate is None else f"{rate:,.0f} {unit}/s", style="cyan")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield bars


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """Shows one bar; yields a function that takes the numbers of images done and in all."""
    with progress_bars() as bars:
        yield add_bar(bars, description)


def add_bar(
    bars: Progress, description: str, unit: str = "images", size: float = 1
) -> Callable[[int, int], None]:
    """Adds a bar, which is shown from the first call on.

    Args:
        bars: the bars to add it to.
        description: text before the bar.
        unit: unit of the numbers that are shown.
        size: number of counted things in one unit, such as 1e6 bytes in one MB.

    Returns:
        A function that takes the numbers of things done and in all.
    """
    task = bars.add_task(description, total=None, visible=False, unit=unit)
    remaining = RemainingTime(partial(print_beside, bars), unit)

    def update(done: int, total: int) -> None:
        remaining(done / size, total / size)
        bars.update(task, completed=done / size, total=total / size, visible=True)

    return update


def print_beside(bars: Progress, text: str) -> None:
    """Prints a line for people above the bars, on standard error."""
    bars.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)
