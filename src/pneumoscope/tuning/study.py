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

_PLAN = "study.json"
_JOURNAL = "journal.log"
_STARTUP = 5  # trials before any is pruned


def require_own(root: Path, data: Path, settings: TrainingSettings) -> None:
    """Begins a study in a folder, or goes on with that of the same data and settings.

    Raises:
        SettingsError: if the folder holds another study, or something else.
        StorageError: if it cannot be read or written.
    """
    path = root / _PLAN
    plan = json.loads(json.dumps({"data": str(data), "settings": asdict(settings)}))
    with storage_errors("read", root):
        known = path.read_bytes() if path.is_file() else None
        free = is_free(root)
    if known is None and free:
        write_json(path, plan)
    elif (differing := _differing(known, plan)) is not None:
        raise SettingsError(
            f"The folder {root} holds something else than this study: {differing}",
            remedy="Choose another `output`, or give the data and settings of the study",
            code="output-occupied",
            values={"path": str(root)},
        )


def _differing(known: bytes | None, plan: dict[str, Any]) -> str | None:
    """Names what differs from the plan of a folder; None if nothing does."""
    if known is None:
        return f"there is no {_PLAN} in it"
    try:
        before = json.loads(known)
        if before["data"] != plan["data"]:
            return f"its data are {before['data']}"
        for name, value in before["settings"].items():
            if plan["settings"].get(name) != value:
                return f"its {name} is {value}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"its {_PLAN} cannot be read"
    return None if before["settings"].keys() == plan["settings"].keys() else "another version's"


def open_study(root: Path) -> optuna.Study:
    """Opens the journal of a folder that this process has claimed.

    Raises:
        DataError: if the journal cannot be read.
        StorageError: if it cannot be written.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = root / _JOURNAL
    with storage_errors("write", path):
        _mend(path)
        try:
            return optuna.create_study(
                storage=JournalStorage(_Journal(path)),
                study_name="tune",
                load_if_exists=True,
                direction="minimize",
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
