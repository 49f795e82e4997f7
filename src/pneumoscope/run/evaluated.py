"""The evaluations that lie in a run folder, or in the folder `evaluation`, by their bundle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pneumoscope.dataset import identify
from pneumoscope.defaults import EVALUATIONS
from pneumoscope.errors import PneumoscopeError
from pneumoscope.results import digest
from pneumoscope.types import Estimate

_RESULT = "metrics.json"


@dataclass(frozen=True)
class EvaluatedOn:
    """What an evaluation of a bundle found.

    Attributes:
        file: the JSON file of the evaluation.
        data: the data set, as it was given.
        images: number of images.
        auroc: area under the receiver operating characteristic.
    """

    file: Path
    data: str
    images: int
    auroc: Estimate


class Evaluations:
    """The evaluations below folders, read once.

    Args:
        folder: folder of the evaluations of all models.
    """

    def __init__(self, folder: Path = Path(EVALUATIONS)) -> None:
        self._common = list(_read(folder.glob(f"*/{_RESULT}")))
        self._identities: dict[str, str] = {}

    def of(self, root: Path, sha256: str) -> tuple[EvaluatedOn, ...]:
        """Lists the evaluations of a bundle, the latest last.

        An evaluation is that of the bundle if it carries the digest of this bundle and of its data:
        a model that was trained again under the same name has none of the former's.

        Args:
            root: the run folder, in which evaluations are looked for as well.
            sha256: SHA-256 of the bundle.
        """
        own = _read(chain(root.glob(_RESULT), root.glob(f"*/{_RESULT}")))
        found = [
            (file.stat().st_mtime, file, content)
            for file, content in (*self._common, *own)
            if content["made_of"] == digest(sha256, self._identify(content["data"]))
        ]
        return tuple(_parse(file, content) for _, file, content in sorted(found, key=_by_time))

    def _identify(self, data: str) -> str:
        if data not in self._identities:
            try:
                self._identities[data] = identify(Path(data))
            except PneumoscopeError:
                self._identities[data] = ""  # it is no longer there as it was
        return self._identities[data]


def _by_time(found: tuple[float, Path, dict[str, Any]]) -> tuple[float, Path]:
    return found[:2]


def _read(files: Iterable[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Reads results, without those of which no sense can be made: they are not what is listed."""
    for file in files:
        try:
            content = json.loads(file.read_bytes())
            _parse(file, content)
            _ = content["made_of"]
            yield file, content
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _parse(file: Path, content: dict[str, Any]) -> EvaluatedOn:
    overall = content["overall"]
    return EvaluatedOn(
        file,
        str(content["data"]),
        int(overall["images"]),
        Estimate.parse(overall["estimates"]["auroc"]),
    )
