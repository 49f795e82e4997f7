"""Runs as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pneumoscope.files import printable
from pneumoscope.run.listing import ListedRun
from pneumoscope.tables import DASH, Table, format_value, in_two_lines

_COLUMNS = (
    *("name", "path", "state", "begun", "arch", "image_size", "epochs", "wanted_epochs", "seed"),
    *("val_loss", "val_accuracy", "data", "images", "auroc", "auroc_low", "auroc_high"),
)


def tabulate_runs(runs: Sequence[ListedRun], title: str) -> Table:
    """Lists runs for people, two lines each."""
    columns = (
        "run\nbegun",
        "network\npixels",
        "epochs\nseed",
        "val. loss\naccuracy",
        "AUROC\n95 % interval",
        "state",
    )
    return Table(title, columns, tuple(tuple(_cells(run)) for run in runs))


def tabulate_facts(runs: Sequence[ListedRun]) -> Table:
    """Lists runs for programs: each fact in its own column, and empty where it is not known."""
    rows = (_facts(run) for run in runs)
    cells = (tuple("" if fact is None else str(fact) for fact in row) for row in rows)
    return Table("Runs", _COLUMNS, tuple(cells))


def _cells(run: ListedRun) -> Iterator[str]:
    yield f"{printable(run.name)}\n{run.begun:%Y-%m-%d %H:%M}" if run.begun else printable(run.name)
    yield f"{printable(run.arch or DASH)}\n{_or_dash(run.image_size)}"
    epochs = _or_dash(run.epochs)
    wanted = "" if run.wanted_epochs is None else f" of {run.wanted_epochs}"
    yield f"{epochs}{wanted}\n{_or_dash(run.seed)}"
    yield f"{format_value(run.val_loss)}\n{format_value(run.val_accuracy)}"
    yield in_two_lines(run.evaluations[-1].auroc) if run.evaluations else DASH
    yield str(run.state)


def _facts(run: ListedRun) -> tuple[object, ...]:
    evaluated = run.evaluations[-1] if run.evaluations else None
    begun = run.begun and run.begun.isoformat(timespec="seconds")
    return (
        *(printable(run.name), printable(str(run.path)), run.state, begun),
        *(run.arch, run.image_size, run.epochs, run.wanted_epochs, run.seed),
        *(run.val_loss, run.val_accuracy),
        evaluated and printable(evaluated.data),
        evaluated and evaluated.images,
        *(
            (evaluated.auroc.value, evaluated.auroc.low, evaluated.auroc.high)
            if evaluated
            else (None, None, None)
        ),
    )


def _or_dash(value: int | None) -> str:
    return DASH if value is None else str(value)
