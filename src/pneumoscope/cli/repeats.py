"""Several trainings by `pneumoscope train`, and their printed end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.cli.console import leave_training, print_json
from pneumoscope.cli.tables import print_tables

if TYPE_CHECKING:
    from pneumoscope.repeats import SeveralRuns
    from pneumoscope.run import Observer, TrainingSettings


def train(
    data: Path | None,
    output: Path | None,
    settings: TrainingSettings,
    seeds: int | None,
    folds: int | None,
    each_source: bool,
    resume: Path | None,
    observer: Observer,
) -> SeveralRuns:
    """Trains several times, or goes on with it where `resume` is given."""
    from pneumoscope.repeats import resume_several, train_several

    if resume is not None:
        return resume_several(resume, observer=observer)
    return train_several(
        Path(str(data)),
        output,
        settings,
        seeds=seeds,
        folds=folds,
        each_source=each_source,
        observer=observer,
    )


def show(found: SeveralRuns, as_json: bool) -> None:
    """Prints the spread over the trainings, and sets the exit code.

    Raises:
        typer.Exit: with 130 if they were interrupted, with 1 if files could not be read.
    """
    from pneumoscope.repeats import tabulate_spread

    if as_json:
        print_json(found.to_dict())
    elif not found.interrupted:
        print_tables(tabulate_spread(found))
        if found.bundle:
            print(f"ensemble  {found.bundle}")
        print(f"tables    {found.root / 'spread.md'}")
    leave_training(found.root, interrupted=found.interrupted, unreadable=bool(found.unreadable))
