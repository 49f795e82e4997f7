"""The result of a search as sentences and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pneumoscope.repeats import tabulate_spread
from pneumoscope.tables import DASH, Part, Table, format_value
from pneumoscope.tuning.objective import Objective
from pneumoscope.tuning.result import Trial, Tuning

_SHOWN = 10


def summarise_tuning(tuning: Tuning) -> Iterator[Part]:
    """States what the settings are worth, then lists the best trials, and the test figures."""
    yield state_tuning(tuning)
    ranked = sorted(tuning.trials, key=lambda trial: tuning.objective.rank(trial.value))
    title = f"Best {min(_SHOWN, len(ranked))} of {_count(tuning)}"
    yield _tabulate(title, ranked[:_SHOWN], tuning.objective)
    yield from tabulate_spread(tuning.several)


def tabulate_tuning(tuning: Tuning) -> Iterator[Part]:
    """Lists all trials in their order, beside what `summarise_tuning` states."""
    yield state_tuning(tuning)
    yield _tabulate(_count(tuning), tuning.trials, tuning.objective)
    yield from tabulate_spread(tuning.several)


def state_tuning(tuning: Tuning) -> str:
    """States the figure at which the best trial was chosen, and that without its luck."""
    best, again = tuning.best, tuning.again
    article = "an" if tuning.objective.left_out else "a"
    return (
        f"Trial {best.number} was chosen at {article} {tuning.objective.words} of "
        f"{format_value(best.value)}; "
        f"trained again with {len(again.values)} other seeds, its settings have "
        f"{format_value(again.mean)} (SD {format_value(again.sd)}): the difference is luck: "
        "of having been chosen, and of the seeds."
    )


def _count(tuning: Tuning) -> str:
    counts = Counter(trial.state for trial in tuning.trials)
    ended = {"pruned": "ended early", "fail": "diverged"}
    parts = [f"{counts[state]} {words}" for state, words in ended.items() if counts[state]]
    return ", ".join([f"{len(tuning.trials)} trials", *parts])


def _tabulate(title: str, trials: Sequence[Trial], objective: Objective) -> Table:
    columns = ("trial", objective.name, "rate", "decay", "smoothing", "batch", "averaging", "augm.")
    return Table(title, columns, tuple(map(_cells, trials)))


def _cells(trial: Trial) -> tuple[str, ...]:
    values = trial.values
    return (
        str(trial.number),
        DASH if trial.value is None else format_value(trial.value),
        *(f"{values[name]:.2g}" for name in ("learning_rate", "weight_decay", "label_smoothing")),
        *(f"{values[name]:g}" for name in ("batch_size", "averaging")),
        "on" if values["augmentation"] else "off",
    )
