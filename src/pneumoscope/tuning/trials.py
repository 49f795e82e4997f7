"""The trials of a search: suggested, trained, ended early, and judged."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState

from pneumoscope.dataset import PreparedSet
from pneumoscope.errors import DivergedError
from pneumoscope.run import Observer, TrainingSettings, is_run
from pneumoscope.training import TrainingResult, resume, train
from pneumoscope.tuning.objective import Objective
from pneumoscope.tuning.space import suggest, values_of

ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
"""States of trials that do not go on."""


@dataclass(frozen=True)
class Search:
    """What all trials share.

    Attributes:
        root: the folder of the search.
        study: the study of Optuna.
        settings: the settings that all trials have, and around which is searched.
        prepared: the data.
        objective: what trials are judged by.
        observer: receives the progress.
    """

    root: Path
    study: optuna.Study
    settings: TrainingSettings
    prepared: PreparedSet
    objective: Objective
    observer: Observer


def run_trials(search: Search, trials: int, after: int) -> None:
    """Goes on with the trials that were begun, then asks for new ones.

    Args:
        search: the search.
        trials: number of trials at its end.
        after: number of trainings that follow, for the time that is left.
    """
    study, settings = search.study, search.settings
    if not study.get_trials():
        study.enqueue_trial(dict(values_of(settings.recipe)))
    begun = [
        optuna.Trial(study, frozen._trial_id)
        for frozen in study.get_trials(states=(TrialState.RUNNING,))
    ]
    started, new = time.monotonic(), 0
    while begun or len(study.get_trials(states=ENDED)) < trials:
        # A seed for each trial, so that an interrupted search suggests the same as any other.
        number = begun[0].number if begun else len(study.get_trials())
        study.sampler = optuna.samplers.TPESampler(seed=settings.seed + number)
        if begun:
            trial = begun.pop(0)
            told = _run_trial(search, trial)
            started = time.monotonic()  # of a part of a training no time can be told
        else:
            trial, new = study.ask(), new + 1
            told = _run_trial(search, trial)
        left = trials - len(study.get_trials(states=ENDED)) + after
        minutes = (time.monotonic() - started) / max(new, 1) * left / 60
        time_left = f"; about {minutes:.0f} minutes left for {left} trainings" if new else ""
        search.observer.note(f"Trial {trial.number + 1} of {trials}: {told}{time_left}")


def _run_trial(search: Search, trial: optuna.Trial) -> str:
    """Trains a trial, or goes on with it, and puts its end down; returns that in words."""
    study, values = search.study, suggest(trial, search.settings.recipe)
    folder, watcher = folder_of(search.root, trial.number), _Pruner(trial, study, search.observer)
    try:
        result = train_alone(search, folder, values, watcher)
    except _Pruned:
        study.tell(trial, state=TrialState.PRUNED)
        return f"ended early at epoch {watcher.epoch}"
    except DivergedError:
        study.tell(trial, state=TrialState.FAIL)
        return "diverged"
    value = search.objective.measure(result.bundle, search.prepared)
    study.tell(trial, value)
    return f"{search.objective.words} {value:.4f}"


def train_alone(
    search: Search, folder: Path, values: Mapping[str, Any], observer: Observer
) -> TrainingResult:
    """Trains once without the source that is left out, or goes on with that.

    Args:
        search: the search.
        folder: the run folder.
        values: the settings that differ from those of the search, by name.
        observer: receives the progress.

    Raises:
        DivergedError: if the training diverges.
        KeyboardInterrupt: if Ctrl-C ended it; it can go on.
    """
    if is_run(folder):
        result = resume(folder, observer=observer)
    else:
        left_out = filter(None, [search.objective.left_out])
        settings = replace(search.settings, **values)
        settings = replace(settings, leave_out=(*settings.leave_out, *left_out))
        result = train(search.prepared.root, folder, settings, observer=observer)
    if result.interrupted:
        raise KeyboardInterrupt
    return result


def folder_of(root: Path, number: int) -> Path:
    """Returns the run folder of a trial, whose number is that of Optuna, from 0."""
    return root / f"trial-{number + 1:03}"


class _Pruned(Exception):
    """A trial that others were better than."""


class _Pruner(Observer):
    """Ends a trial whose validation accuracy is below the median of the others at its epoch.

    It is not the loss that is compared: label smoothing changes what a loss means.
    """

    def __init__(self, trial: optuna.Trial, study: optuna.Study, observer: Observer) -> None:
        self._trial = trial
        self._reported = set(study.get_trials()[trial.number].intermediate_values)
        self._rising = study.direction is StudyDirection.MAXIMIZE
        self._observer = observer
        self._epochs = 0
        self.epoch = 0

    def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
        self._epochs = epochs
        self._observer.trained(epoch, epochs, images, total)

    def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
        self._observer.epoch_ended(epoch, results, best)
        self.epoch = epoch
        if epoch not in self._reported:
            accuracy = results["val_accuracy"]
            self._trial.report(accuracy if self._rising else 1 - accuracy, epoch)
        # Early epochs tell little, as the averaged weights have yet to follow.
        if self._epochs // 3 < epoch < self._epochs and self._trial.should_prune():
            raise _Pruned
