"""The checkpoint of a run: its state after each epoch, from which it is resumed exactly.

    checkpoint/epoch-0007.npz    network and optimizer after an epoch: the last and the best
    checkpoint/progress.json     the history

Only `progress.json` says which states are valid, and it is replaced in one step, so that a run
that is killed at any moment finds either the former state or the new one.
(`keras.callbacks.BackupAndRestore` keeps neither the history nor the state of early stopping,
writes its two files one by one, and its HDF5 crashes the process when the disk is full.)
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from pneumoscope.errors import DataError, storage_errors
from pneumoscope.files import atomic_path, write_text
from pneumoscope.run.folder import CHECKPOINT
from pneumoscope.run.history import MONITOR, History, find_best, write_history
from pneumoscope.training.backend import keras
from pneumoscope.training.network import Network, Variable


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback that keeps the last and the best state of a run, and its history.

    Random layers are given a new state at each epoch, made of the seed and the number of the epoch
    alone, so that a resumed run draws the same random numbers as an uninterrupted one.

    Args:
        folder: the run folder; the checkpoint is a folder in it, the history a CSV file beside.
        seed: seed of the run.
        keep_last: True to keep the last epoch as the best, whatever its loss.
        writes: False to write nothing, since another process writes the run.
    """

    def __init__(self, folder: Path, seed: int, *, keep_last: bool, writes: bool = True) -> None:
        super().__init__()
        self._keep_last = keep_last
        self.writes = writes
        self._run = folder
        self._folder = folder / CHECKPOINT
        self._progress = self._folder / "progress.json"
        self._seed = seed
        self.history: History = {}
        if self._progress.is_file():
            self.history = json.loads(self._progress.read_text("utf-8"))["history"]

    @property
    def epochs(self) -> int:
        """Number of completed epochs."""
        return len(self.history.get(MONITOR, ()))

    @property
    def best_epoch(self) -> int:
        """Number of the best epoch so far, from 0."""
        if self._keep_last:
            return self.epochs - 1
        return find_best(self.history)

    @property
    def epochs_since_best(self) -> int:
        """Number of epochs since the best one."""
        return self.epochs - 1 - self.best_epoch

    def load_last(self, model: Network) -> None:
        """Puts a compiled model into the state after the last completed epoch, if there is one."""
        if self.epochs:
            model.optimizer.build(model.trainable_variables)
            self._load(self.epochs - 1, _variables(model))

    def load_best(self, model: Network) -> None:
        """Gives a compiled model the weights of the best epoch: their average, if it has one.

        The history must not be empty.
        """
        model.optimizer.build(model.trainable_variables)
        self._load(self.best_epoch, _variables(model))
        model.optimizer.finalize_variable_values(model.trainable_variables)

    def remove(self) -> None:
        """Deletes the states of a run that has ended; the history stays.

        `progress.json` is deleted first: a run that is killed after that counts as ended.
        """
        with storage_errors("remove", self._folder):
            self._progress.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Sets the state of every random layer."""
        states = [v for v in self.model.variables if v.name == "seed_generator_state"]
        for number, state in enumerate(states):
            state.assign([(self._seed * 7919 + number) % 2**32, epoch * 2**20 % 2**32])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the state, and then the progress that makes it valid."""
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        if self.writes:
            self._write(epoch)

    def _write(self, epoch: int) -> None:
        values = [keras.ops.convert_to_numpy(variable) for variable in _variables(self.model)]
        with atomic_path(self._state(epoch)) as temporary, temporary.open("wb") as file:
            np.savez(file, *values)
        write_text(self._progress, json.dumps({"history": self.history}, indent=1))
        write_history(self._run, self.history)
        keep = {self._state(epoch), self._state(self.best_epoch)}
        for path in set(self._folder.glob("epoch-*.npz")) - keep:
            path.unlink()

    def _state(self, epoch: int) -> Path:
        return self._folder / f"epoch-{epoch + 1:04}.npz"

    def _load(self, epoch: int, variables: Sequence[Variable]) -> None:
        path = self._state(epoch)
        try:
            with np.load(path, allow_pickle=False) as state:
                for variable, name in zip(variables, state.files, strict=False):
                    variable.assign(state[name])
        except (OSError, EOFError, ValueError, BadZipFile) as error:
            raise DataError(
                f"The checkpoint {path} cannot be read: {error}", remedy="Start a new run"
            ) from error


class ResumedEarlyStopping(keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Early stopping that takes the epochs before an interruption into account."""

    def __init__(self, checkpoint: Checkpoint, patience: int) -> None:
        super().__init__(monitor=MONITOR, patience=patience)
        self._checkpoint = checkpoint

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Sets the best value and the waiting epochs from the history of the checkpoint."""
        super().on_train_begin(logs)
        if self._checkpoint.epochs:
            self.best_epoch = self._checkpoint.best_epoch
            self.best = self._checkpoint.history[MONITOR][self.best_epoch]
            self.wait = self._checkpoint.epochs_since_best


def _variables(model: Network) -> list[Variable]:
    """Lists all variables that training changes, those of the network first."""
    return [*model.weights, *model.optimizer.variables]
