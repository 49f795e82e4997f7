"""The result of a search."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pneumoscope.repeats import SeveralRuns, Spread
from pneumoscope.tuning.objective import Objective
from pneumoscope.tuning.space import Values


@dataclass(frozen=True)
class Trial:
    """One training of a search.

    Attributes:
        number: number of the trial, from 1; the first has the recipe as it is.
        run: the run folder.
        values: the settings that were searched, by name.
        state: `complete`, `pruned` (ended early, as others were better), or `fail` (diverged).
        value: what the objective measures; None unless it is complete.
    """

    number: int
    run: Path
    values: Values
    state: str
    value: float | None


@dataclass(frozen=True)
class Tuning:
    """The result of a search for settings.

    Attributes:
        root: the folder of the search.
        trials: all trials, in their order.
        objective: what the trials are judged by.
        best: the trial that is best by that.
        again: the same of the best settings, trained again with other seeds: what they are worth
            without the luck of having been chosen.
        several: trainings of the best settings with other seeds, on all sources, their ensemble,
            and their measures on the test split.
    """

    root: Path
    trials: tuple[Trial, ...]
    objective: Objective
    best: Trial
    again: Spread
    several: SeveralRuns

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain JSON types."""
        return {
            "root": str(self.root),
            "trials": [asdict(trial) | {"run": str(trial.run)} for trial in self.trials],
            **asdict(self.objective),
            "best": self.best.number,
            "again": asdict(self.again),
            "winner": self.several.to_dict(),
        }
