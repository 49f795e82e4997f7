"""The list of the runs in a folder: their settings, figures and state, finished or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pneumoscope.bundle import find_bundle, read_description
from pneumoscope.claims import is_claimed
from pneumoscope.defaults import RUNS
from pneumoscope.errors import DataError, PneumoscopeError, storage_errors, unknown_choice
from pneumoscope.files import list_folders
from pneumoscope.notices import Notice
from pneumoscope.run.evaluated import EvaluatedOn, Evaluations
from pneumoscope.run.folder import CHECKPOINT, FIGURES, SETTINGS, TENSORBOARD, is_run, read_run
from pneumoscope.run.history import FILE, MONITOR, read_history

_PARTS = {"bundle", CHECKPOINT, FIGURES, TENSORBOARD}
_MARKS = (SETTINGS, FILE, CHECKPOINT)
_DEEPEST = 3  # folders below the one that is listed: a run, its repetitions, and one around them


class State(StrEnum):
    """State of a run."""

    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    UNFINISHED = "unfinished"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class ListedRun:
    """A run as a list shows it; None stands for what is not known, or not there yet.

    Attributes:
        name: path of the run folder, from the folder that is listed.
        path: the run folder.
        state: `running` while a process writes into the folder; `finished`; `interrupted` if it
            can be resumed, and has the bundle of its best epoch so far; `unfinished` if it has no
            bundle; `damaged` if it cannot be read.
        begun: local time at which its settings were written.
        arch: name of the architecture.
        image_size: height and width of its images, in pixels.
        epochs: number of epochs done.
        wanted_epochs: number of epochs that it is to have.
        seed: seed of the training.
        val_loss: loss on the validation patients, of the epoch that the bundle was made of;
            without a bundle, of the best so far.
        val_accuracy: accuracy on the validation patients, of the same epoch.
        evaluations: the evaluations of its bundle that were found, the latest last.
        problem: why it could not be read.
    """

    name: str
    path: Path
    state: State
    begun: datetime | None = None
    arch: str | None = None
    image_size: int | None = None
    epochs: int | None = None
    wanted_epochs: int | None = None
    seed: int | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    evaluations: tuple[EvaluatedOn, ...] = ()
    problem: Notice | None = None

    @property
    def auroc(self) -> float | None:
        """Area under the ROC curve of its latest evaluation."""
        return self.evaluations[-1].auroc.value if self.evaluations else None

    def to_dict(self) -> dict[str, Any]:
        """Returns the run as plain JSON types."""
        return {
            **asdict(self),
            "path": str(self.path),
            "begun": self.begun and self.begun.isoformat(timespec="seconds"),
            "evaluations": [{**asdict(each), "file": str(each.file)} for each in self.evaluations],
            "problem": self.problem and self.problem.to_dict(),
        }


ORDERS: dict[str, Callable[[ListedRun], Any]] = {
    "name": lambda run: run.name,
    "begun": lambda run: run.begun,
    "arch": lambda run: run.arch,
    "size": lambda run: run.image_size,
    "epochs": lambda run: run.epochs,
    "seed": lambda run: run.seed,
    "val-loss": lambda run: run.val_loss,
    "val-accuracy": lambda run: None if run.val_accuracy is None else -run.val_accuracy,
    "auroc": lambda run: None if run.auroc is None else -run.auroc,
    "state": lambda run: run.state,
}
"""What runs can be sorted by; of a figure, the best comes first."""


def list_runs(folder: Path | str = RUNS, *, sort: str = "name") -> tuple[ListedRun, ...]:
    """Lists the runs in a folder, finished or not, with those that lie within runs.

    No network is read. A run that cannot be read is listed as damaged.

    Args:
        folder: a folder of runs, or a run.
        sort: what to sort by, one of `ORDERS`; of a figure the best comes first, and what is not
            known comes last.

    Raises:
        DataError: if there is no such folder.
        SettingsError: if runs cannot be sorted by `sort`.
        StorageError: if the folder may not be read.
    """
    folder = Path(folder)
    if sort not in ORDERS:
        raise unknown_choice("Runs cannot be sorted by this", sort, tuple(ORDERS), setting="sort")
    if not folder.is_dir():
        raise DataError(
            f"There is no folder {folder}",
            expected="a folder of runs",
            remedy="Check the path, or train a network first",
            code="data-missing",
            values={"path": str(folder)},
        )
    evaluations = Evaluations()
    runs = [_list_one(folder, root, evaluations) for root in _find(folder, _DEEPEST)]
    key = ORDERS[sort]
    known = [run for run in runs if key(run) is not None]
    return (*sorted(known, key=key), *(run for run in runs if key(run) is None))


def _find(folder: Path, deepest: int) -> Iterator[Path]:
    """Finds the run folders at and below a folder, each before those within it."""
    found = any((folder / mark).exists() for mark in _MARKS) or is_claimed(folder)
    if found or (folder / "bundle").is_dir():
        yield folder
    for each in list_folders(folder) if deepest else ():
        if each.name not in _PARTS:
            yield from _find(each, deepest - 1)


def _list_one(folder: Path, root: Path, evaluations: Evaluations) -> ListedRun:
    within = root.relative_to(folder).as_posix()
    empty = ListedRun(root.resolve().name if within == "." else within, root, State.UNFINISHED)
    try:
        with storage_errors("read", root):
            run = _with_bundle(_with_history(_with_settings(empty)), evaluations)
            state = _state(run)
    except PneumoscopeError as error:
        if is_claimed(root):
            return replace(empty, state=State.RUNNING)  # it is just being written
        return replace(empty, state=State.DAMAGED, problem=error.to_notice())
    return replace(run, state=state)


def _with_settings(run: ListedRun) -> ListedRun:
    if not is_run(run.path) and find_bundle(run.path):
        return run
    found = read_run(run.path)
    return replace(
        run,
        begun=datetime.fromtimestamp((run.path / SETTINGS).stat().st_mtime).astimezone(),
        arch=found.given.arch,
        image_size=found.recipe.image_size,
        wanted_epochs=found.epochs or found.recipe.epochs or None,
        seed=found.given.seed,
    )


def _with_history(run: ListedRun) -> ListedRun:
    if not (run.path / FILE).exists():
        return replace(run, epochs=0 if run.arch else None)
    history = read_history(run.path)
    losses = history.get(MONITOR, [])
    run = replace(run, epochs=len(losses))
    finite = [(loss, epoch) for epoch, loss in enumerate(losses) if math.isfinite(loss)]
    if not finite:
        return run
    loss, epoch = min(finite)
    accuracies = history.get("val_accuracy", [])
    return replace(
        run, val_loss=loss, val_accuracy=accuracies[epoch] if epoch < len(accuracies) else None
    )


def _with_bundle(run: ListedRun, evaluations: Evaluations) -> ListedRun:
    if find_bundle(run.path) is None:
        return run
    info, sha256 = read_description(run.path)
    return replace(
        run,
        arch=info.architecture,
        image_size=info.geometry.height,
        seed=info.seed,
        val_loss=info.metrics.get(MONITOR, run.val_loss),
        val_accuracy=info.metrics.get("val_accuracy", run.val_accuracy),
        evaluations=evaluations.of(run.path, sha256),
    )


def _state(run: ListedRun) -> State:
    if is_claimed(run.path):
        return State.RUNNING
    if find_bundle(run.path) is None:
        return State.UNFINISHED
    return State.INTERRUPTED if (run.path / CHECKPOINT).exists() else State.FINISHED
