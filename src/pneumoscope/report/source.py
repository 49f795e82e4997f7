"""The run folder as a report reads it, without what trains."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pneumoscope.bundle import Bundle
from pneumoscope.errors import DataError, storage_errors
from pneumoscope.shipped import is_shipped, read

_SETTINGS = "settings.json"
_HISTORY = "history.csv"


@dataclass(frozen=True)
class Source:
    """What a run has left behind.

    Attributes:
        root: the folder around the bundle; of a model that ships, one for its reports.
        bundle: the model.
        data: what it was trained on; None where no run says so.
        images: the folder of the images of that, if it is a manifest that lies elsewhere.
        history: losses and metrics by name, a value for each epoch; empty if there is none.
    """

    root: Path
    bundle: Bundle
    data: Path | None
    images: Path | None
    history: Mapping[str, list[float]]

    @property
    def unfinished(self) -> bool:
        """Whether the training was stopped before its own end."""
        settings, losses = self.bundle.info.settings, self.history.get("val_loss", [])
        if not losses or "epochs" not in settings:
            return False
        patience = settings.get("patience", 0)
        since_best = len(losses) - 1 - losses.index(min(losses))
        return len(losses) < settings["epochs"] and not 0 < patience <= since_best


def read_source(run: Path | str) -> Source:
    """Reads a run folder, or a bundle without one.

    Args:
        run: either, or the name of a model that ships.

    Raises:
        BundleError: if there is no bundle in it, or one that cannot be used.
        DataError: if its settings cannot be read.
    """
    bundle = read(run)
    root = Path("reports", bundle.info.name) if is_shipped(bundle) else bundle.root.parent
    return Source(root, bundle, *_read_data(root / _SETTINGS), _read_history(root / _HISTORY))


def find_data(source: Source, given: Path | None) -> Path:
    """The data to measure on: what was given, or else what the run was trained on.

    Raises:
        DataError: if it is not known, or not there any more.
    """
    data = given or source.data
    if data is None:
        raise DataError(
            f"Nothing says what {source.bundle.root} was trained on",
            expected=f"{_SETTINGS} in the run folder",
            remedy="Give the data to measure on as `data`",
        )
    if not data.exists():
        whose = "" if given else ", which the run was trained on,"
        raise DataError(
            f"The data {data}{whose} is not there",
            expected="class folders, a CSV manifest, or a prepared folder",
            received="nothing there",
            remedy="Give the place where it is now as `data`",
        )
    return data


def _read_data(path: Path) -> tuple[Path | None, Path | None]:
    """The data, and the folder of its images."""
    if not path.is_file():
        return None, None
    try:
        content = json.loads(path.read_text("utf-8"))
        root = content.get("given", {}).get("root")
        return Path(content["data"]), Path(root) if root else None
    except (AttributeError, OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"Cannot read {path}: {error!r}",
            expected="the settings as `pneumoscope.train` wrote them",
            remedy="Give the bundle in the run folder, and the data",
        ) from error


def _read_history(path: Path) -> dict[str, list[float]]:
    if not path.is_file():
        return {}
    with storage_errors("read", path), path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        return {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else ())}
    except (TypeError, ValueError):  # a line that was cut off
        return {}
