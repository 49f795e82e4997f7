"""The plan of several trainings, in the `repeats.json` of their folder."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from pneumoscope.errors import DataError, out_of_range, storage_errors
from pneumoscope.files import write_json
from pneumoscope.run import TrainingSettings

_FILE = "repeats.json"


class Kind(StrEnum):
    """What differs between the trainings."""

    SEEDS = "seeds"
    FOLDS = "folds"
    SOURCES = "sources"


@dataclass(frozen=True)
class Plan:
    """Several trainings and their folder.

    Attributes:
        root: the folder that holds the runs.
        data: the data set to train on.
        settings: settings of the first training.
        kind: what differs between the trainings.
        count: number of trainings, 2 or more; of sources it is known once these are.
        left_out: the sources that each training leaves out, where these differ.
        fingerprint: fingerprint of the prepared data; empty until it is known.

    Raises:
        SettingsError: on construction, if `count` is below 2.
    """

    root: Path
    data: Path
    settings: TrainingSettings
    kind: Kind
    count: int
    left_out: tuple[tuple[str, ...], ...] = ()
    fingerprint: str = ""

    def __post_init__(self) -> None:
        if self.count < 2 and self.kind is not Kind.SOURCES:
            raise out_of_range(str(self.kind), self.count, "2 or more")

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seed of each training."""
        step = 1 if self.kind is Kind.SEEDS else 0
        return tuple(self.settings.seed + step * number for number in range(self.count))

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folder of each run."""
        if self.kind is Kind.SEEDS:
            return tuple(self.root / f"seed-{seed}" for seed in self.seeds)
        if self.kind is Kind.FOLDS:
            return tuple(self.root / f"fold-{number + 1}" for number in range(self.count))
        names = [re.sub(r"[^\w.]+", "-", "-".join(group)) for group in self.left_out]
        return tuple(self.root / f"without-{n}-{name}" for n, name in enumerate(names, start=1))

    @property
    def each(self) -> tuple[TrainingSettings, ...]:
        """Settings of each training."""
        groups = self.left_out or ((),) * self.count
        return tuple(
            replace(self.settings, seed=seed, leave_out=(*self.settings.leave_out, *group))
            for seed, group in zip(self.seeds, groups, strict=True)
        )

    @property
    def command(self) -> str:
        """Command line of the same trainings, with names of folders and files only."""
        if self.kind is Kind.SOURCES:
            return self.settings.command(self.data, {"each-source": True})
        return self.settings.command(self.data, {self.kind: self.count})

    def save(self) -> None:
        """Writes the plan into its folder."""
        content = {name: value for name, value in asdict(self).items() if name != "root"}
        write_json(self.root / _FILE, {**content, "data": str(self.data)})


def is_repeated(root: Path) -> bool:
    """Tells whether a folder is that of several trainings, finished or not."""
    return (root / _FILE).is_file()


def read_plan(root: Path) -> Plan:
    """Reads the plan of a folder.

    Raises:
        DataError: if there is none, or it cannot be used.
        StorageError: if it may not be read.
    """
    path = root / _FILE
    with storage_errors("read", path):
        try:
            content = json.loads(path.read_bytes())
            content["data"] = Path(content["data"])
            content["settings"] = TrainingSettings.parse(content["settings"])
            content["kind"] = Kind(content["kind"])
            content["left_out"] = tuple(map(tuple, content.get("left_out", ())))
            return Plan(root, **content)
        except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"Cannot read {path}: {error!r}",
                expected="a plan as `pneumoscope.train_several` wrote it",
                remedy="Give the folder that `pneumoscope.train_several` wrote",
            ) from error
