"""What all commands share: how they print, show progress and say what went wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pneumoscope.files import printable
from pneumoscope.notices import Notice
from pneumoscope.types import RESEARCH_NOTICE

if TYPE_CHECKING:
    from rich.progress import Progress


def say(text: str) -> None:
    """Prints a line for people, on standard error."""
    print(printable(text), file=sys.stderr, flush=True)


def fail(text: str) -> None:
    """Prints what went wrong, in one line."""
    say("Error: " + " ".join(text.split()))


def say_left_out(notices: Iterable[Notice], unreadable: Iterable[Notice], seen: int) -> None:
    """Says on standard error what there is to know of a data set, and what was not measured."""
    for notice in notices:
        say(notice.text)
    for reason in unreadable:
        say(f"Left out: {reason.text}")
    if seen:
        say(f"Left out: {seen} images of patients that a training has used")


def say_notice() -> None:
    """Says what the tool is not."""
    say(RESEARCH_NOTICE)


def leave(unreadable: int) -> None:
    """Ends a command that has read images: the notice, and the exit code of what it could not read.

    Raises:
        typer.Exit: with 1, if there were such files.
    """
    say_notice()
    if unreadable:
        raise typer.Exit(1)


def choose_model(given: str | None) -> Path:
    """Finds the model that was given, or else the default one, and says which that is."""
    from pneumoscope.shipped import find

    root = find(given)
    if given is None:
        say(f"Model: {root.name}, which ships with Pneumoscope")
    return root


def name_results(models: Iterable[Path], data: Path) -> str:
    """What results are called by default: after the models and the data."""
    folders = [root.parent if root.name == "bundle" else root for root in models]
    names = [folder.resolve().name for folder in folders]
    return "-".join([*names, data.resolve().stem])[:100]


def print_json(content: Any) -> None:
    """Prints a result for programs, on standard output."""
    print(json.dumps(content, indent=2))


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Bars with a rate and the time left, on standard error; nothing where that is no terminal."""
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
        """Images, or what else is counted, a second, once it is known."""

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
    """One bar, as a function to be called with the number of images done and of all."""
    with progress_bars() as bars:
        yield add_bar(bars, description)


def add_bar(
    bars: Progress, description: str, unit: str = "images", size: float = 1
) -> Callable[[int, int], None]:
    """One more bar, shown from the first call on; `unit` is so many of what is counted."""
    task = bars.add_task(description, total=None, visible=False, unit=unit)
    return lambda done, total: bars.update(
        task, completed=done / size, total=total / size, visible=True
    )
