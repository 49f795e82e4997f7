"""The study: what all its trials share, and their journal, which outlasts a process."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from pneumoscope.claims import is_free
from pneumoscope.errors import DataError, SettingsError, storage_errors
from pneumoscope.files import write_json
from pneumoscope.run import TrainingSettings
from pneumoscope.tuning.objective import Objective

_PLAN = "study.json"
_JOURNAL = "journal.log"
_STARTUP = 5  # trials before any is pruned


def require_own(
    root: Path, data: Path, settings: TrainingSettings, objective: Objective
) -> dict[str, Any]:
    """Checks that a folder is free, or holds the study of the same data, settings and objective.

    Returns:
        The plan of the study, for `open_study`.

    Raises:
        SettingsError: if the folder holds another study, or something else.
        StorageError: if it cannot be read.
    """
    path = root / _PLAN
    given = {"data": str(data), "settings": asdict(settings), **asdict(objective)}
    plan: dict[str, Any] = json.loads(json.dumps(given))
    with storage_errors("read", root):
        known = path.read_bytes() if path.is_file() else None
        free = is_free(root)
    if (known is not None or not free) and (differing := _differing(known, plan)):
        raise SettingsError(
            f"The folder {root} holds something else than this study: {differing}",
            remedy="Choose another `output`, or give the data and settings of the study",
            code="output-occupied",
            values={"path": str(root)},
        )
    return plan


def _differing(known: bytes | None, plan: dict[str, Any]) -> str:
    """Names what differs from the plan of a folder; empty if nothing does."""
    if known is None:
        return f"there is no {_PLAN} in it"
    try:
        before = json.loads(known)
        if before["data"] != plan["data"]:
            return f"its data are {before['data']}"
        if (source := before.get("left_out", "")) != plan["left_out"]:
            return f"it leaves {source or 'no source'} out"
        for name, value in before["settings"].items():
            if plan["settings"].get(name) != value:
                return f"its {name} is {value}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"its {_PLAN} cannot be read"
    return "" if before["settings"].keys() == plan["settings"].keys() else "another version's"


def open_study(root: Path, plan: dict[str, Any], objective: Objective) -> optuna.Study:
    """Opens the journal of a folder that this process has claimed, and puts its plan down.

    Args:
        root: the folder.
        plan: what `require_own` has returned for it.
        objective: what trials are judged by.

    Raises:
        DataError: if the journal cannot be read.
        StorageError: if it cannot be written.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    write_json(root / _PLAN, plan)
    path = root / _JOURNAL
    with storage_errors("write", path):
        _mend(path)
        try:
            return optuna.create_study(
                storage=JournalStorage(_Journal(path)),
                study_name="tune",
                load_if_exists=True,
                direction=objective.direction,
                pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"Cannot read {path}: {error!r}",
                expected="the journal as `pneumoscope.tune` wrote it",
                remedy="Start a new study in another folder",
            ) from error


class _Journal(JournalFileBackend):
    """A journal that says in a `StorageError` what it cannot write, such as on a full disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        with storage_errors("write", self._path):
            super().append_logs(logs)


def _mend(path: Path) -> None:
    """Removes what a process that was killed has left: its lock, and a line without an end."""
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    if path.is_file() and not (content := path.read_bytes()).endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
