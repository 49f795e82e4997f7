"""The result of several trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pneumoscope.evaluation import Evaluation
from pneumoscope.notices import Notice
from pneumoscope.repeats.plan import Kind
from pneumoscope.repeats.sources import Travel
from pneumoscope.training import TrainingResult
from pneumoscope.types import Estimate, OperatingPoint


@dataclass(frozen=True)
class Spread:
    """Values of a measure over several runs, each on images that it has not seen.

    Attributes:
        values: value of each run; None where it is not computable.
        mean: mean over the runs; None where a value is missing.
        sd: sample standard deviation over the runs; None where a value is missing.
    """

    values: tuple[float | None, ...]
    mean: float | None
    sd: float | None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread:
        """Computes mean and standard deviation of two or more values."""
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return cls(tuple(values), None, None)
        return cls(tuple(values), float(np.mean(known)), float(np.std(known, ddof=1)))


@dataclass(frozen=True)
class SeveralRuns:
    """The result of several trainings.

    Attributes:
        root: the folder that holds the runs.
        kind: what differs between the trainings.
        runs: result of each training; fewer if they were interrupted.
        bundle: the ensemble of the runs; None if they were interrupted, or each was to be measured
            on a source that it has not seen: to use a network, train it on all sources.
        notices: notices about the trainings.
        evaluations: evaluation of each run on its own unseen images: its fold, the test split, or
            the sources that were left out; empty if there are none, or the runs were interrupted.
        spread: measures over the runs, by name.
        combined: measures with intervals, by name: of folds and sources those of all images, each
            scored by the run that has not seen it; of seeds those of the ensemble on the test
            split.
        travels: each run at home and away, where sources were left out.
        elsewhere: threshold that was chosen on the sources that were left out, each scored by the
            run that has not seen it; None where none were, or none could be chosen.
    """

    root: Path
    kind: Kind
    runs: tuple[TrainingResult, ...]
    bundle: Path | None
    notices: tuple[Notice, ...]
    evaluations: tuple[Evaluation, ...] = ()
    spread: dict[str, Spread] = field(default_factory=dict)
    combined: dict[str, Estimate] = field(default_factory=dict)
    travels: tuple[Travel, ...] = ()
    elsewhere: OperatingPoint | None = None

    @property
    def interrupted(self) -> bool:
        """True if the trainings were stopped by Ctrl-C before their end."""
        return self.bundle is None and not self.travels

    @property
    def unreadable(self) -> int:
        """Number of files of the data that could not be read."""
        return max((run.unreadable for run in self.runs), default=0)

    def to_dict(self) -> dict[str, Any]:
        """Returns the result without the single images, as plain JSON types."""
        return {
            "run": str(self.root),
            "kind": str(self.kind),
            "runs": [
                {"run": str(run.run), "bundle": str(run.bundle), "best_epoch": run.best_epoch}
                for run in self.runs
            ],
            "bundle": str(self.bundle) if self.bundle else None,
            "interrupted": self.interrupted,
            "images": [len(found.scored.labels) for found in self.evaluations],
            "spread": {name: asdict(spread) for name, spread in self.spread.items()},
            "combined": {name: asdict(estimate) for name, estimate in self.combined.items()},
            **({"travels": [each.to_dict() for each in self.travels]} if self.travels else {}),
            **({"elsewhere": asdict(self.elsewhere)} if self.elsewhere else {}),
            "notices": [notice.to_dict() for notice in self.notices],
        }
